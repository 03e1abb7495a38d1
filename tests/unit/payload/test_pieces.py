"""Whatever the chunks of a body, its pieces hold the same whole records."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import BodyTooLarge
from neuronserve.payload.pieces import Piece, Pieces

MUCH = 1 << 20


def chunked(body: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = 0
    for cut in sorted(min(c, len(body)) for c in cuts):
        if cut > at:
            yield body[at:cut]
            at = cut
    if body[at:]:
        yield body[at:]


def all_of(pieces: Pieces, size: int, multiple: int = 1) -> list[Piece]:
    return list(iter(lambda: pieces.take(size, multiple), None))


def rows_of(body: bytes) -> list[list[str]]:
    text = io.StringIO(body.decode(), newline="")
    return list(csv.reader(text, skipinitialspace=True))


CSV_TEXT = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", " ", "a", "1", "é"]), max_size=40)
JSON_TEXT = st.lists(st.sampled_from(["{}", '"a\\n"', "\n", "\r\n", "[1,2]", " "]), max_size=40)
CUTS = st.lists(st.integers(0, 80), max_size=12)


@given(CSV_TEXT, CUTS, st.integers(1, 20))
def test_pieces_of_csv_have_the_rows_that_the_whole_has(words, cuts, size) -> None:
    body = "".join(words).encode()
    pieces = all_of(Pieces(chunked(body, cuts), csv=True, longest=MUCH), size)
    assert b"".join(piece.body for piece in pieces) == body
    assert list(itertools.chain.from_iterable(rows_of(piece.body) for piece in pieces)) == rows_of(body)


@given(CSV_TEXT, CUTS, st.integers(1, 20))
def test_a_piece_tells_on_which_line_it_begins(words, cuts, size) -> None:
    body = "".join(words).encode()
    before = 0
    for piece in all_of(Pieces(chunked(body, cuts), csv=True, longest=MUCH), size):
        assert piece.line == before + 1
        reader = csv.reader(io.StringIO(piece.body.decode(), newline=""), skipinitialspace=True)
        list(reader)
        before += reader.line_num


@given(JSON_TEXT, CUTS, st.integers(1, 20))
def test_pieces_of_json_lines_end_with_their_lines(words, cuts, size) -> None:
    body = "".join(words).encode()
    pieces = all_of(Pieces(chunked(body, cuts), csv=False, longest=MUCH), size)
    assert b"".join(piece.body for piece in pieces) == body
    assert all(piece.body.endswith(b"\n") for piece in pieces[:-1])
    lines = itertools.accumulate((piece.body.count(b"\n") for piece in pieces), initial=1)
    assert [piece.line for piece in pieces] == list(lines)[: len(pieces)]


@given(st.integers(0, 100), CUTS, st.integers(1, 60), st.integers(1, 7))
def test_all_pieces_but_the_last_have_a_multiple_of_records(rows, cuts, size, multiple) -> None:
    body = b"".join(b"%d\n" % row for row in range(rows))
    pieces = all_of(Pieces(chunked(body, cuts), csv=True, longest=MUCH), size, multiple)
    assert b"".join(piece.body for piece in pieces) == body
    assert not any(piece.body.count(b"\n") % multiple for piece in pieces[:-1])


def test_a_piece_is_about_as_large_as_was_asked_for() -> None:
    body = b"12,34\n" * 100_000
    pieces = all_of(Pieces(chunked(body, [65_536 * n for n in range(10)]), csv=True, longest=MUCH), 50_000)
    assert {len(piece.body) for piece in pieces[:-1]} == {50_004}


@pytest.mark.parametrize(("start", "line"), [(b"", 1), (b"1,2\n3,4\n", 3)])
def test_a_record_longer_than_may_be_is_named_by_its_line(start: bytes, line: int) -> None:
    body = itertools.chain([start], itertools.repeat(b"5," * 100, 20))
    pieces = Pieces(iter(body), csv=True, longest=1000)
    with pytest.raises(BodyTooLarge, match=f"line {line} is longer than"):
        all_of(pieces, 100)


def test_no_more_is_held_than_the_longest_record_and_a_chunk() -> None:
    read = [0]

    def endless() -> Iterator[bytes]:
        while True:
            read[0] += 100
            yield b'"never closed,' + b"x" * 86

    with pytest.raises(BodyTooLarge):
        Pieces(endless(), csv=True, longest=10_000).take(1000, 8)
    assert read[0] < 21_000


def test_nothing_has_no_pieces() -> None:
    assert Pieces(iter(()), csv=True, longest=MUCH).take(100) is None
