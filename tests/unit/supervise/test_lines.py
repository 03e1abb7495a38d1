import itertools

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.supervise.lines import Lines


def _all(chunks, limit=16_384):
    lines = Lines(limit)
    return [line for chunk in chunks for line in lines.feed(chunk)] + list(lines.rest())


def test_lines_come_whole_however_they_are_cut():
    assert _all([b"on", b"e\ntw", b"o", b"\nthree"]) == ["one", "two", "three"]


def test_carriage_returns_end_lines_and_empty_lines_are_dropped():
    assert _all([b"10 %\r20 %\r\n\n\nend\r\n"]) == ["10 %", "20 %", "end"]


def test_a_line_that_is_too_long_comes_in_pieces():
    assert _all([b"abcdefgh\n"], limit=3) == ["abc [...]", "def [...]", "gh"]


def test_a_line_that_never_ends_takes_no_more_memory_than_the_limit():
    lines = Lines(limit=10)
    pieces = [piece for _ in range(1000) for piece in lines.feed(b"xxxxxxx")]
    assert len("".join(pieces).replace(" [...]", "")) >= 6990
    assert len(lines._partial) <= 10


def test_binary_junk_and_control_characters_are_escaped():
    assert _all([b"\xff\x00\x1b[2Jboo\t\xc2\x85\n"]) == ["\\xff\\x00\\x1b[2Jboo\t\\x85"]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_the_way_the_bytes_are_cut_makes_no_difference(data, cuts):
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    chunks = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert _all(chunks) == _all([data])


@given(st.lists(st.binary(max_size=100), max_size=8), st.integers(1, 40))
def test_every_line_is_bounded_and_printable(chunks, limit):
    for line in _all(chunks, limit):
        assert len(line) <= 4 * limit + len(" [...]")
        assert all(character.isprintable() or character == "\t" or ord(character) > 159 for character in line)
