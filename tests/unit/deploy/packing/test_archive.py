"""The same files make the same bytes, and an archive is there whole or not at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import tarfile

import pytest

from neuronserve.deploy.packing import archive
from neuronserve.deploy.packing.walk import Member, Rules, members
from neuronserve.errors import DiskFull, InvalidInput
from tests.archives import files_below, grow

FILES = {
    "1/saved_model.pb": b"graph",
    "1/variables/v": b"\0" * 70_000,
    "code/run.sh": b"#!/bin/sh\n",
    "ü/ä": b"x",
}


def listed(folder):
    return list(members(folder, "", within=folder, rules=Rules()))


def test_neither_place_nor_time_nor_modes_nor_order_change_a_byte(tmp_path):
    made = []
    for number, umask in enumerate((0o022, 0o077)):
        before = os.umask(umask)
        try:
            folder = grow(tmp_path / str(number) / "x", FILES)
            for path in folder.rglob("*"):
                os.utime(path, (number * 1e9 + 5, number * 1e9 + 7))
                if number and path.is_file():
                    path.chmod(0o777)
            found = listed(folder)
            made.append(archive.write(found[:: -1 if number else 1], folder.parent / f"{number}.tar.gz"))
        finally:
            os.umask(before)
    assert made[0].path.read_bytes() == made[1].path.read_bytes()
    assert (made[0].sha256, made[0].blake2b) == (made[1].sha256, made[1].blake2b)


def test_digests_and_sizes_are_those_of_the_file(tmp_path):
    packed = archive.write(listed(grow(tmp_path / "x", FILES)), tmp_path / "m.tar.gz")
    data = packed.path.read_bytes()
    assert packed.sha256 == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert packed.blake2b == f"blake2b:{hashlib.blake2b(data).hexdigest()}"
    assert (packed.size, packed.members) == (len(data), len(FILES))
    assert packed.unpacked == sum(map(len, FILES.values()))


def test_headers_tell_nothing_of_who_packed_it(tmp_path):
    packed = archive.write(listed(grow(tmp_path / "x", FILES)), tmp_path / "m.tar.gz")
    assert packed.path.read_bytes()[3:8] == bytes(5)  # of gzip: no flags, so no name, and no time
    with tarfile.open(packed.path) as tar:
        headers = {h.name: h for h in tar}
    assert list(headers) == sorted(headers, key=str.encode)
    assert {(h.uid, h.gid, h.uname, h.gname, h.mtime) for h in headers.values()} == {
        (0, 0, "", "", 315532800)
    }
    modes = (
        {h.mode for h in headers.values() if h.isdir()},
        headers["code/run.sh"].mode,
        headers["1/variables/v"].mode,
    )
    assert modes == ({0o755}, 0o755, 0o644)


def test_what_goes_in_comes_out(tmp_path):
    for level in (0, 9):
        packed = archive.write(
            listed(grow(tmp_path / f"x{level}", FILES)), tmp_path / f"{level}.tar.gz", level=level
        )
        with tarfile.open(packed.path) as tar:
            tar.extractall(tmp_path / f"out{level}")
        assert files_below(tmp_path / f"out{level}") == FILES


def test_a_path_of_any_length_is_kept(tmp_path):
    name = "/".join(["a" * 90] * 4)
    source = grow(tmp_path, {"f": b"x"}) / "f"
    packed = archive.write([Member(name, source)], tmp_path / "m.tar.gz")
    with tarfile.open(packed.path) as tar:
        assert name in tar.getnames()


def test_a_file_that_grows_or_shrinks_meanwhile_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    for change in (b"", b"0123456789!"):
        source = grow(tmp_path, {"f": b"0123456789"}) / "f"
        real = archive._header

        def meddle(*words, source=source, change=change, real=real):
            if words[0] == "a":
                source.write_bytes(change)
            return real(*words)

        monkeypatch.setattr(archive, "_header", meddle)
        with pytest.raises(InvalidInput, match=f"{source} was (cut|changed) while it was packed"):
            archive.write([Member("a", source)], tmp_path / "m.tar.gz")
        monkeypatch.setattr(archive, "_header", real)
        assert not (tmp_path / "m.tar.gz").exists()


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    source = grow(tmp_path, {"f": os.urandom(200_000)}) / "f"
    real = gzip.GzipFile.write

    def full(self, data):
        if len(data) > 1000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(gzip.GzipFile, "write", full)
    with pytest.raises(DiskFull, match=r"m\.tar\.gz: No space left on device"):
        archive.write([Member("a", source)], tmp_path / "m.tar.gz")
    assert not (tmp_path / "m.tar.gz").exists()


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="gone: No such file or directory"):
        archive.write([Member("a", tmp_path / "gone")], tmp_path / "m.tar.gz")
    assert not list(tmp_path.iterdir())
