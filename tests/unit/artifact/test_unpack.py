from __future__ import annotations

import gzip
import io
import os
import stat
import subprocess
import tarfile

import pytest

from neuronserve import exitcodes
from neuronserve.artifact import archive
from neuronserve.artifact.digests import Digests
from neuronserve.artifact.members import Bounds
from neuronserve.artifact.unpack import Unpacker
from neuronserve.errors import CorruptArchive, HostileArchive
from tests.archives import GRAPH, files_below, member, saved_model, tar, tar_gz

ROOMY = Bounds(files=1000, bytes=1 << 28)


def unpack(data, root, bounds=ROOMY):
    unpacker = Unpacker(root, "the archive", bounds, arrived=lambda _: None)
    with archive.opened(io.BytesIO(data), "the archive", Digests(())) as stream:
        unpacker.run(stream)
    return unpacker.rows


@pytest.mark.parametrize("pack", [tar, tar_gz])
def test_an_archive_becomes_the_tree_it_was_made_from(tmp_path, pack):
    files = {**saved_model("1", weights=3 << 20), "code/inference.py": b"pass"}
    rows = unpack(pack(files), tmp_path)
    assert files_below(tmp_path) == files
    assert {path: row.size for path, row in rows.items()} == {path: len(data) for path, data in files.items()}


def test_several_gzip_members_are_one_archive(tmp_path):
    data = tar(saved_model("1", weights=100_000))
    unpack(gzip.compress(data[:50_000]) + gzip.compress(data[50_000:]), tmp_path)
    assert files_below(tmp_path) == saved_model("1", weights=100_000)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (member("/etc/passwd", b"x"), "absolute path"),
        (member("a/../../x", b"x"), "leaves its folder"),
        (member("..", kind=tarfile.DIRTYPE), "leaves its folder"),
        (member("l", kind=tarfile.SYMTYPE, link="/etc"), "link out"),
        (member("l", kind=tarfile.SYMTYPE, link="../x"), "link out"),
        (member("a/l", kind=tarfile.SYMTYPE, link="../../x"), "link out"),
        (member("l", kind=tarfile.SYMTYPE, link=""), "link out"),
        (member("l", kind=tarfile.LNKTYPE, link="/etc/passwd"), "absolute path"),
        (member("l", kind=tarfile.LNKTYPE, link="../x"), "leaves its folder"),
        (member("l", kind=tarfile.LNKTYPE, link="not/there"), "no file before it"),
        (member("d", kind=tarfile.CHRTYPE), "a device"),
        (member("d", kind=tarfile.BLKTYPE), "a device"),
        (member("p", kind=tarfile.FIFOTYPE), "a named pipe"),
        (member("x" * 300, b"x"), "too long"),
        (member("d/" * 1600 + "x", b"x"), "too long"),
    ],
)
def test_a_member_that_would_leave_the_tree_or_is_no_file_is_refused(tmp_path, bad, said):
    root = tmp_path / "in" / "side"
    root.mkdir(parents=True)
    with pytest.raises(HostileArchive, match=said) as refused:
        unpack(tar_gz([*map(member, saved_model("1")), bad]), root)
    assert exitcodes.of(refused.value) == 19
    assert set(tmp_path.rglob("*")) - set((tmp_path / "in").rglob("*")) == {tmp_path / "in"}


def test_links_that_are_harmless_alone_cannot_escape_together(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    links = [
        member("d/e/f", b"x"),
        member("d/up", kind=tarfile.SYMTYPE, link="../."),
        member("out", kind=tarfile.SYMTYPE, link="d/up/../x"),
    ]
    unpack(tar_gz(links), root)
    assert (root / "out").readlink().as_posix() == "d/x"  # by its path alone, never through another link
    assert all(path.resolve().is_relative_to(root) for path in root.rglob("*"))


def test_nothing_is_written_through_a_link(tmp_path):
    links = [member("d", kind=tarfile.SYMTYPE, link="e"), member("d/x", b"x")]
    with pytest.raises(HostileArchive, match="both as a folder"):
        unpack(tar_gz(links), tmp_path)


def test_links_inside_the_tree_are_kept(tmp_path):
    members = [
        member("v1/saved_model.pb", GRAPH),
        member("1", kind=tarfile.SYMTYPE, link="v1"),
        member("v1/twin.pb", kind=tarfile.LNKTYPE, link="v1/saved_model.pb"),
    ]
    unpack(tar_gz(members), tmp_path)
    assert (tmp_path / "1" / "saved_model.pb").read_bytes() == GRAPH
    assert (tmp_path / "v1" / "twin.pb").stat().st_nlink == 2


def test_set_id_bits_are_stripped_and_every_file_can_be_read(tmp_path):
    unpack(tar_gz([member("a", b"x", mode=0o6777), member("b", b"x", mode=0)]), tmp_path)
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755 & ~umask
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o644 & ~umask


@pytest.mark.parametrize("twins", [("a", "a"), ("a", "./a"), ("a/b", "a"), ("a", "a/b")])
def test_a_name_that_comes_twice_is_refused(tmp_path, twins):
    with pytest.raises(HostileArchive, match=r"twice|both as"):
        unpack(tar_gz([member(name, b"x") for name in twins]), tmp_path)


def test_more_members_than_allowed_are_refused(tmp_path):
    with pytest.raises(HostileArchive, match=r"more than 3 members.*SERVE_MAX_FILES"):
        unpack(tar_gz({f"f{n}": b"" for n in range(4)}), tmp_path, Bounds(files=3, bytes=1 << 20))


@pytest.mark.parametrize("name", ["zeros", "._zeros"])
def test_a_bomb_is_refused_before_it_is_on_the_disk(tmp_path, name):
    with pytest.raises(HostileArchive, match=r"more than 1 MiB"):
        unpack(tar_gz({name: bytes(5 << 20)}), tmp_path, Bounds(files=3, bytes=1 << 20))
    assert files_below(tmp_path) == {}


def test_zeros_without_end_after_the_archive_are_refused(tmp_path):
    with pytest.raises(HostileArchive, match="without end"):
        unpack(gzip.compress(tar({"a": b"x"}) + bytes(8 << 20)), tmp_path, Bounds(files=3, bytes=1 << 20))


def test_a_header_that_claims_gigabytes_is_not_read_into_memory(tmp_path):
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    with pytest.raises(HostileArchive, match="a header of"):
        unpack(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)), tmp_path)


def test_headers_nested_without_end_are_refused(tmp_path):
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 0
    with pytest.raises(HostileArchive, match="nested"):
        unpack(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) * 2000), tmp_path)


def test_a_sparse_member_is_unpacked_and_counted_by_its_real_size(tmp_path):
    source = tmp_path / "sparse"
    with source.open("wb") as file:
        file.write(b"head")
        file.seek(3 << 20)
        file.write(b"tail")
    packed = tmp_path / "sparse.tar"
    subprocess.run(["tar", "-C", tmp_path, "-cSf", packed, "sparse"], check=True)
    out = tmp_path / "out"
    out.mkdir()
    unpack(packed.read_bytes(), out)
    assert (out / "sparse").read_bytes() == source.read_bytes()
    source.unlink()
    with pytest.raises(HostileArchive, match="more than 1 MiB"):
        unpack(packed.read_bytes(), tmp_path, Bounds(files=3, bytes=1 << 20))


def test_names_that_are_not_utf8_keep_their_bytes(tmp_path):
    name = os.fsdecode(b"caf\xe9.txt")
    rows = unpack(tar_gz({name: b"x"}), tmp_path)
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.txt"]
    assert list(rows) == [name]


def test_what_macos_adds_is_left_out(tmp_path):
    junk = ["._1", "1/._saved_model.pb", ".DS_Store", "1/.DS_Store", "__MACOSX/1/x"]
    unpack(tar_gz({**saved_model("1"), **dict.fromkeys(junk, b"junk")}), tmp_path)
    assert files_below(tmp_path) == saved_model("1")


WHOLE = tar_gz(saved_model("1", weights=200_000))


@pytest.mark.parametrize("kept", [20, 5000, len(WHOLE) // 2, len(WHOLE) - 9, len(WHOLE) - 1])
def test_a_truncated_archive_is_refused_with_exit_18(tmp_path, kept):
    with pytest.raises(CorruptArchive, match="cut short") as refused:
        unpack(WHOLE[:kept], tmp_path)
    assert exitcodes.of(refused.value) == 18


@pytest.mark.parametrize("kept", [700, 1024, 30_000])
def test_a_truncated_tar_without_compression_is_refused(tmp_path, kept):
    with pytest.raises(CorruptArchive, match=r"cut short|damaged"):
        unpack(tar(saved_model("1", weights=200_000))[:kept], tmp_path)


def test_a_changed_byte_is_noticed(tmp_path):
    data = bytearray(WHOLE)
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptArchive):
        unpack(bytes(data), tmp_path)


@pytest.mark.parametrize("garbage", [b"junk", b"<html>" * 1000])
def test_garbage_after_the_gzip_data_is_refused(tmp_path, garbage):
    with pytest.raises(CorruptArchive):
        unpack(WHOLE + garbage, tmp_path)


def test_garbage_after_the_tar_data_is_refused(tmp_path):
    with pytest.raises(CorruptArchive, match="trailing garbage"):
        unpack(gzip.compress(tar(saved_model("1")) + b"junk" * 1000), tmp_path)


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path):
    data = tar({"a": b"x", "b": b"y"})
    with pytest.raises(CorruptArchive, match="damaged"):
        unpack(gzip.compress(data[:1024] + b"B" * 512 + data[1536:]), tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"  \n", "white space"),
        (b"PK\x03\x04" + bytes(600), "a zip archive"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\n<html><body>Forbidden", "an HTML page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "an XML document"),
        (b'{"error": 1}', "JSON"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "zstandard"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"hello", "text that begins with 'hello'"),
        (b"\xff\xfe\x01" * 200, "bytes ff fe 01"),
    ],
)
def test_what_is_no_archive_is_named(tmp_path, data, said):
    with pytest.raises(CorruptArchive, match=said):
        unpack(data, tmp_path)


def test_gzip_data_that_is_no_tar_is_refused(tmp_path):
    with pytest.raises(CorruptArchive):
        unpack(gzip.compress(GRAPH * 100), tmp_path)
