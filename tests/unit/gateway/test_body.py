"""Bodies that come in pieces: what is received is what was sent, within its bounds."""

from __future__ import annotations

import io

import pytest
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import BodyTooLarge, ClientGone
from neuronserve.gateway.body import Source

PARTS = st.lists(st.binary(min_size=1, max_size=300), max_size=8)


def plenty():
    return 1 << 40


def chunked(parts, cut, *, end=b"0\r\n\r\n", limit=0, room=plenty):
    """gunicorn's own reader of chunks, fed ``cut`` bytes at a time."""
    sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end
    unreader = IterUnreader(iter([sent[at : at + cut] for at in range(0, len(sent), cut)]))
    environ = {"wsgi.input": Body(ChunkedReader(None, unreader)), "HTTP_TRANSFER_ENCODING": "chunked"}
    return Source(environ, limit, room)


def told(body, length, *, limit=0, room=plenty):
    """The same of a body whose length was told."""
    stream = Body(LengthReader(IterUnreader(iter([body])), length))
    return Source({"wsgi.input": stream, "CONTENT_LENGTH": str(length)}, limit, room)


@given(PARTS, st.integers(1, 64))
def test_chunks_are_what_was_sent_however_they_come(parts, cut):
    source = chunked(parts, cut)
    assert b"".join(source.chunks()) == b"".join(parts)
    assert source.received == sum(map(len, parts))


@given(PARTS, st.integers(1, 64))
def test_a_body_that_is_had_whole_is_the_same(parts, cut):
    assert bytes(chunked(parts, cut).whole()) == b"".join(parts)


@given(st.binary(max_size=500), st.integers(0, 3))
def test_a_body_that_ends_early_is_no_body(body, missing):
    source = told(body, len(body) + missing)
    if not missing:
        assert b"".join(source.chunks()) == body
        return
    with pytest.raises(ClientGone, match=f"after {len(body)} of {len(body) + missing} bytes"):
        list(source.chunks())


@pytest.mark.parametrize("end", [b"", b"5\r\nab", b"zz\r\n", b"-1\r\n"])
def test_chunks_that_break_off_or_are_none_are_no_end(end):
    with pytest.raises(ClientGone, match="the connection closed after"):
        list(chunked([b"abc"], 64, end=end).chunks())


@given(PARTS, st.integers(1, 64), st.integers(1, 600))
def test_no_more_than_the_limit_is_taken(parts, cut, limit):
    source = chunked(parts, cut, limit=limit)
    if sum(map(len, parts)) <= limit:
        assert b"".join(source.chunks()) == b"".join(parts)
        return
    with pytest.raises(BodyTooLarge, match=f"at most {limit} are taken"):
        list(source.chunks())


def test_a_length_above_the_limit_is_refused_before_anything_is_received():
    with pytest.raises(BodyTooLarge, match="the body has 11 bytes; at most 10 are taken"):
        told(b"", 11, limit=10)


@pytest.mark.parametrize(
    "of", [lambda room: told(b"x" * 11, 11, room=room), lambda room: chunked([b"x" * 11], 4, room=room)]
)
def test_what_memory_cannot_hold_whole_is_refused(of):
    with pytest.raises(BodyTooLarge, match="there is memory for one of 10"):
        of(lambda: 10).whole()


@given(PARTS, st.integers(1, 64))
def test_what_is_left_after_a_refusal_is_received_and_dropped(parts, cut):
    source = chunked(parts, cut)
    next(source.chunks(), b"")
    source.drain(60)
    assert source.received == sum(map(len, parts))


def test_a_wsgi_stream_that_fails_is_a_client_who_left():
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError

    with pytest.raises(ClientGone):
        list(Source({"wsgi.input": Broken(), "CONTENT_LENGTH": "5"}, 0, plenty).chunks())
