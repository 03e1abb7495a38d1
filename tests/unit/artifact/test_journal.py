from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from neuronserve.artifact.journal import Journal
from neuronserve.artifact.objects import PIECE, RemoteObject, cut
from neuronserve.artifact.spool import DiskSpool

SIZE = PIECE + 1000
DATA = random.Random(1).randbytes(SIZE)
ONE = RemoteObject("b", "k", SIZE, '"e"')
PIECES = cut([SIZE])


@pytest.fixture
def spool(tmp_path):
    (tmp_path / "spool").write_bytes(DATA)
    return DiskSpool([tmp_path / "spool"])


def noted(tmp_path, spool, *indexes, one=ONE):
    journal = Journal(tmp_path / "journal", [one])
    journal.resume(PIECES, spool)
    for index in indexes:
        journal.note(index, isal_zlib.crc32(DATA[PIECES[index].start : PIECES[index].end]))
    return journal


def test_what_was_noted_and_is_whole_is_resumed(tmp_path, spool):
    noted(tmp_path, spool, 1)
    assert list(Journal(tmp_path / "journal", [ONE]).resume(PIECES, spool)) == [1]


def test_a_piece_whose_bytes_are_wrong_is_fetched_again(tmp_path, spool):
    noted(tmp_path, spool, 0, 1)
    damaged = bytearray(DATA)
    damaged[5] ^= 1
    (tmp_path / "spool").write_bytes(damaged)
    assert list(Journal(tmp_path / "journal", [ONE]).resume(PIECES, spool)) == [1]


def test_a_piece_that_is_not_in_the_file_is_fetched_again(tmp_path, spool):
    noted(tmp_path, spool, 0, 1)
    (tmp_path / "spool").write_bytes(DATA[:-1])
    assert list(Journal(tmp_path / "journal", [ONE]).resume(PIECES, spool)) == [0]
    (tmp_path / "spool").unlink()
    assert not Journal(tmp_path / "journal", [ONE]).resume(PIECES, spool)


def test_another_version_of_the_object_starts_anew(tmp_path, spool):
    noted(tmp_path, spool, 0, 1)
    other = RemoteObject("b", "k", SIZE, '"other"')
    assert not Journal(tmp_path / "journal", [other]).resume(PIECES, spool)


@pytest.mark.parametrize("tail", ["1", "1 ", "1 12", "x y\n", "-1 5\n", "99 5\n", "\xff\n"])
def test_a_torn_or_foreign_line_is_passed_over(tmp_path, spool, tail):
    noted(tmp_path, spool, 0)
    with (tmp_path / "journal").open("a", encoding="latin-1") as file:
        file.write(tail)
    assert list(Journal(tmp_path / "journal", [ONE]).resume(PIECES, spool)) == [0]


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(1, 9))
def test_pieces_cover_every_byte_once_and_in_order(sizes, piece):
    pieces = cut(sizes, piece)
    assert [p.index for p in pieces] == list(range(len(pieces)))
    covered = [(p.item, byte) for p in pieces for byte in range(p.start, p.end)]
    assert covered == [(item, byte) for item, size in enumerate(sizes) for byte in range(size)]
    assert all(0 < p.end - p.start <= piece for p in pieces)
