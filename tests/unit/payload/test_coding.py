from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import BodyTooLarge, MalformedBody, UnsupportedEncoding
from neuronserve.payload import deflate, inflate


@given(st.binary(max_size=5000))
def test_gzip_comes_back_as_it_was(data):
    assert inflate(gzip.compress(data), "gzip", len(data)) == data
    assert inflate(deflate(data), "GZIP", len(data)) == data
    assert gzip.decompress(deflate(data)) == data


@pytest.mark.parametrize("coding", [None, "", "identity", "Identity, identity"])
def test_without_a_coding_the_body_is_not_touched(coding):
    body = bytearray(b"x" * 100)
    assert inflate(body, coding, 1) is body


def test_names_and_buffers_are_taken_as_they_come():
    packed = gzip.compress(b"x")
    assert inflate(packed, " x-gzip ", 9) == inflate(bytearray(packed), "identity, gzip", 9) == b"x"
    assert inflate(memoryview(packed), "gzip", 9) == b"x"


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "compress"])
def test_other_codings_are_refused(coding):
    with pytest.raises(UnsupportedEncoding, match="send gzip or identity"):
        inflate(b"", coding, 9)


def test_members_after_each_other_are_one_body_and_very_many_are_refused():
    assert inflate(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 2) == b"ab"
    with pytest.raises(MalformedBody, match="members"):
        inflate(gzip.compress(b"") * 100, "gzip", 2)


def test_a_bomb_is_stopped_at_the_limit():
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(BodyTooLarge, match="larger than 1000000 bytes"):
        inflate(bomb, "gzip", 1_000_000)
    with pytest.raises(BodyTooLarge):
        inflate(gzip.compress(b"xx") + gzip.compress(b"xx"), "gzip", 3)


@given(st.integers(0, 200))
def test_a_truncated_body_is_refused(cut):
    packed = gzip.compress(b"some text that is long enough to be cut anywhere", mtime=0)
    with pytest.raises(MalformedBody, match="gzip"):
        inflate(packed[: cut % len(packed)], "gzip", 1000)


@pytest.mark.parametrize(
    "broken", [b"", b"plain", zlib.compress(b"zlib"), gzip.compress(b"x", mtime=0) + b"tail"]
)
def test_what_is_no_gzip_is_refused(broken):
    with pytest.raises(MalformedBody, match="not valid gzip"):
        inflate(broken, "gzip", 1000)


def test_a_wrong_checksum_is_refused():
    packed = bytearray(gzip.compress(b"some text"))
    packed[-8] ^= 1
    with pytest.raises(MalformedBody, match="not valid gzip"):
        inflate(bytes(packed), "gzip", 1000)
