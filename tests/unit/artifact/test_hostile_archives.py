"""Archives that no honest program writes: each is refused with 18 or 19, in one line, at a bounded cost.

What is right is said by GNU tar's manual ("Basic Tar Format", "Storing Sparse Files") and POSIX's pax.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve import exitcodes
from neuronserve.artifact import archive
from neuronserve.artifact.digests import Digests
from neuronserve.artifact.members import Bounds
from neuronserve.artifact.unpack import Unpacker
from neuronserve.errors import ArtifactError, CorruptArchive, HostileArchive
from tests import hostile
from tests.archives import files_below, member, tar, tar_gz

BOUNDS = Bounds(files=2000, bytes=16 << 20)
END = bytes(1024)


def unpack(data: bytes, root: Path, bounds: Bounds = BOUNDS) -> dict[str, bytes]:
    unpacker = Unpacker(root, "the archive", bounds, arrived=lambda _: None)
    with archive.opened(io.BytesIO(data), "the archive", Digests(())) as stream:
        unpacker.run(stream)
    return files_below(root)


def refused(data: bytes, root: Path, bounds: Bounds = BOUNDS) -> ArtifactError:
    with pytest.raises((CorruptArchive, HostileArchive)) as error:
        unpack(data, root, bounds)
    text = str(error.value)
    assert exitcodes.of(error.value) in (18, 19)
    assert text.isprintable()
    assert len(text) < 1000
    return error.value


@pytest.mark.parametrize("size", [-1, -512, -(1 << 40), -(1 << 62)])
@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"X", b"0", b"5", b"S", b"1"])
def test_a_negative_size_in_any_header_is_hostile(tmp_path, kind, size):
    error = refused(hostile.header(b"a", size, kind) + hostile.header(b"b", 0) + END, tmp_path)
    assert isinstance(error, HostileArchive)
    assert "claims -" in error.message


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_a_header_larger_than_any_honest_one_is_not_read(tmp_path, kind):
    assert "a header of" in str(refused(hostile.header(b"a", 1 << 62, kind) + END, tmp_path))


@pytest.mark.parametrize(
    "record",
    [
        b"99999999999999999999 path=a\n",
        b"9223372036854775808 path=a\n",
        b"0 path=a\n",
        b"-9 path=a\n",
        b"3 path=a\n",
        b"11 path=abcdefgh\n",
        b"9 patha\n",
        b"path=a\n",
        b"1" * 4000,
    ],
)
def test_a_pax_record_that_is_not_as_long_as_it_says_is_damage(tmp_path, record):
    data = hostile.extended(b"x", record) + hostile.header(b"b", 0) + END
    assert isinstance(refused(data, tmp_path), CorruptArchive)


def test_a_pax_header_of_nothing_but_digits_is_read_once(tmp_path):
    # tarfile's search for hdrcharset takes time with the square of this (CVE-2024-6232): hours
    assert refused(hostile.extended(b"x", b"1" * (3 << 20)) + hostile.header(b"b") + END, tmp_path)


@pytest.mark.parametrize(
    ("records", "content"),
    [
        ({"GNU.sparse.map": "x", "GNU.sparse.size": "9"}, b""),
        ({"GNU.sparse.map": "0,1,2", "GNU.sparse.size": "9"}, b"a"),
        ({"GNU.sparse.map": "5,1,0,1", "GNU.sparse.size": "9"}, b"ab"),
        ({"GNU.sparse.map": "0,9", "GNU.sparse.size": "3"}, b"a" * 9),
        ({"GNU.sparse.map": "0,9", "GNU.sparse.size": "9"}, b"a"),
        ({"GNU.sparse.map": "0,1", "GNU.sparse.size": "-1"}, b"a"),
        ({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}, b""),
        (
            {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"},
            b"x\n".ljust(512, b"\0"),
        ),
        ({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}, b"9" * 512),
        (
            {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"},
            b"9999999999\n" * 200,
        ),
        ({"size": "nan"}, b""),
        ({"size": "9" * 30}, b""),
    ],
)
def test_a_sparse_map_that_cannot_be_right_is_damage(tmp_path, records, content):
    head = b"".join(hostile.record(key.encode(), value.encode()) for key, value in records.items())
    data = hostile.extended(b"x", head) + hostile.header(b"s", len(content)) + hostile.padded(content) + END
    assert isinstance(refused(data, tmp_path), CorruptArchive)


@pytest.mark.parametrize("form", ["gnu", "0.0", "0.1", "1.0"])
def test_sparse_files_in_each_of_gnu_tars_formats_are_had_whole(tmp_path, form):
    whole = b"start" + bytes(70_000) + b"middle" + bytes(200_000) + b"end" + bytes(4096)
    source = tmp_path / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as file:
        for at, text in ((0, b"start"), (70_005, b"middle"), (270_011, b"end")):
            file.seek(at)
            file.write(text)
        file.truncate(len(whole))
    how = ["--format=gnu"] if form == "gnu" else ["--format=pax", f"--sparse-version={form}"]
    command = ["tar", *how, "-S", "--hole-detection=raw", "-cf", "-", "-C", str(source), "sparse"]
    packed = subprocess.run(command, capture_output=True, check=True).stdout
    root = tmp_path / "root"
    root.mkdir()
    assert len(packed) < len(whole)
    assert unpack(packed, root) == {"sparse": whole}


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(names=st.sets(st.text("abü/ \u4e2d\U0001f600", min_size=1, max_size=200), max_size=5))
def test_names_come_out_as_python_packed_them(tmp_path_factory, form, names):
    paths = {
        f"d{n}/{name.strip('/ ')}x": str(n).encode()
        for n, name in enumerate(sorted(names))
        if "//" not in name
    }
    paths = {path: data for path, data in paths.items() if max(map(len, path.encode().split(b"/"))) < 256}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as packed:
        for path, data in paths.items():
            info = tarfile.TarInfo(path)
            info.size, info.mtime = len(data), 1.5 if form == tarfile.PAX_FORMAT else 1
            packed.addfile(info, io.BytesIO(data))
    assert unpack(buffer.getvalue(), tmp_path_factory.mktemp("root")) == {
        os.path.normpath(path): data for path, data in paths.items()
    }


def test_a_chain_of_links_that_no_kernel_follows_is_hostile(tmp_path):
    chain = [
        member("l0", b"x"),
        *(member(f"l{n}", kind=tarfile.SYMTYPE, link=f"l{n - 1}") for n in range(1, 1001)),
    ]
    error = refused(tar_gz(chain), tmp_path)
    assert "lead to each other" in error.message
    assert isinstance(error, HostileArchive)


def test_a_link_to_itself_is_hostile(tmp_path):
    assert isinstance(
        refused(tar_gz([member("l", kind=tarfile.SYMTYPE, link="l")]), tmp_path), HostileArchive
    )


def test_a_chain_of_links_that_every_kernel_follows_is_kept(tmp_path):
    chain = [
        member("l0", b"x"),
        *(member(f"l{n}", kind=tarfile.SYMTYPE, link=f"l{n - 1}") for n in range(1, 31)),
    ]
    assert unpack(tar_gz(chain), tmp_path)["l30"] == b"x"


def test_a_chain_of_hard_links_is_one_file(tmp_path):
    chain = [
        member("l0", b"x"),
        *(member(f"l{n}", kind=tarfile.LNKTYPE, link=f"l{n - 1}") for n in range(1, 1001)),
    ]
    assert unpack(tar_gz(chain), tmp_path)["l1000"] == b"x"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["x" * 5000, "a/" * 2500 + "b", "a/" * 300 + "b", "\udcff" * 5000])
def test_a_link_target_that_no_file_system_takes_is_hostile(tmp_path, kind, target):
    error = refused(tar_gz([member("d/l", kind=kind, link=target)]), tmp_path)
    assert isinstance(error, HostileArchive)
    assert len(error.message) < 1000


@pytest.mark.parametrize(
    "name",
    [
        "x" * 100_000,
        "d/" * 1000 + "x",
        "d/" * 100_000 + "x",
        "a\0b",
        "\udcff" * 300,
        "a\n" * 5000,
        "/" * 9000,
    ],
)
def test_a_name_that_no_file_system_takes_is_hostile(tmp_path, name):
    long_name = hostile.extended(b"x", hostile.record(b"path", name.encode("utf-8", "surrogateescape")))
    assert isinstance(refused(long_name + hostile.header(b"b", 0) + END, tmp_path), HostileArchive)


def test_a_member_below_a_file_is_hostile(tmp_path):
    assert isinstance(refused(tar_gz([member("a", b"x"), member("a/b/c", b"x")]), tmp_path), HostileArchive)


@pytest.mark.parametrize("field", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"", b"77777777777\0"])
def test_odd_times_owners_and_modes_are_nobodys_business(tmp_path, field):
    data = hostile.header(b"a", 1, mtime=field, uid=field, mode=field) + hostile.padded(b"x") + END
    assert unpack(data, tmp_path) == {"a": b"x"}


def test_folders_that_only_names_make_are_counted(tmp_path):
    deep = [member(f"{n}/" + "d/" * 200 + "x") for n in range(20)]
    assert "folders" in str(refused(tar_gz(deep), tmp_path))


def test_millions_of_headers_before_one_member_end_soon(tmp_path):
    many = hostile.extended(b"g", hostile.record(b"comment", b"x")) * 200
    assert isinstance(refused(gzip.compress(many + END), tmp_path), HostileArchive)


def test_headers_in_all_are_bounded(tmp_path):
    large = b"".join(
        hostile.extended(b"x", hostile.record(b"comment", bytes(1 << 20))) + hostile.header(b"f%d" % n)
        for n in range(40)
    )
    error = refused(gzip.compress(large + END, 1), tmp_path, Bounds(files=100, bytes=16 << 20))
    assert "headers of" in error.message


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), MemoryError(), OverflowError("big"), KeyError("x" * 9000)]
)
def test_whatever_reading_raises_is_blamed_on_the_archive(tmp_path, monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("neuronserve.artifact.members.judge", fail)
    refused(tar({"a": b"x"}), tmp_path)


def test_a_full_disk_is_not_blamed_on_the_archive(tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("neuronserve.artifact.unpack._write_all", full)
    with pytest.raises(OSError, match="No space"):
        unpack(tar({"a": b"x"}), tmp_path)


def test_what_the_source_raises_is_not_blamed_on_the_archive(tmp_path):
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 1000:
                raise KeyError("the store")
            return super().read(size)

    raw = Gone(tar({"a": bytes(5 << 20)}))
    with pytest.raises(KeyError), archive.opened(raw, "the archive", Digests(())) as stream:
        Unpacker(tmp_path, "the archive", BOUNDS, arrived=lambda _: None).run(stream)
