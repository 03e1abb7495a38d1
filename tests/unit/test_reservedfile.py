"""A file that is replaced in the room it has."""

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.reservedfile import PAGE, ReservedFile

SIZES = st.lists(st.binary(min_size=1, max_size=3 * PAGE), min_size=1, max_size=8)


@settings(deadline=None)  # the disk may be busy
@given(SIZES)
def test_the_content_is_the_last_one_written_and_nothing_else_but_spaces(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("folder") / "file"
    file = ReservedFile(path, 2 * PAGE)
    for content in contents:
        file.write(content)
        assert path.read_bytes().rstrip(b" ") == content.rstrip(b" ")
        assert path.read_bytes().startswith(content)
        assert file.is_as_written()


def test_once_reserved_it_takes_no_block_more(tmp_path, monkeypatch):
    file = ReservedFile(tmp_path / "file", 4 * PAGE)
    file.reserve()
    for _ in range(3):
        file.write(b"first")

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    for content in (b"x" * 4 * PAGE, b"short", b"y" * 3 * PAGE, b"z"):
        file.write(content)
        assert all(path.stat().st_blocks * 512 >= 4 * PAGE for path in tmp_path.iterdir())


def test_a_reader_that_opened_it_before_reads_what_it_was(tmp_path):
    file = ReservedFile(tmp_path / "file")
    file.write(b"first")
    with (tmp_path / "file").open("rb") as opened:
        file.write(b"second")
        assert opened.read() == b"first"


class WithoutExchange:
    def renameat2(self, *_):
        return -1


@pytest.mark.parametrize("libc", [WithoutExchange(), object()], ids=["refused", "unknown"])
def test_where_names_cannot_be_exchanged_the_file_is_replaced(tmp_path, monkeypatch, libc):
    monkeypatch.setattr("neuronserve.reservedfile.ctypes.CDLL", lambda _: libc)
    file = ReservedFile(tmp_path / "file")
    for content in (b"first", b"second", b"third"):
        file.write(content)
        assert (tmp_path / "file").read_bytes() == content


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"other")])
def test_what_others_did_to_it_is_seen(tmp_path, harm):
    file = ReservedFile(tmp_path / "file")
    assert not file.is_as_written()
    file.write(b"mine")
    assert file.is_as_written()
    harm(tmp_path / "file")
    assert not file.is_as_written()
