"""Content-Encoding: gzip, in and out."""

from __future__ import annotations

from isal import isal_zlib

from neuronserve.errors import BodyTooLarge, MalformedBody, UnsupportedEncoding
from neuronserve.payload import cost

_GZIP_WINDOW = 31  # zlib's number for: a gzip header and trailer are expected
_MAGIC = b"\x1f\x8b"
_MOST_MEMBERS = 64  # each costs a copy of what follows it
_PIECE = 1 << 18
Body = bytes | bytearray | memoryview


def inflate(body: Body, content_encoding: str | None, limit: int, meter: cost.Meter = cost.nothing) -> Body:
    """The body as it was before ``content_encoding``, at most ``limit`` bytes; itself when there is none.

    ``meter``: told how much memory the unpacked body is about to take, as it grows; it may raise.

    UnsupportedEncoding: not gzip or identity, or several. BodyTooLarge: the limit, however small the
    compressed body. MalformedBody: no gzip, truncated, a wrong checksum, or bytes after its end.
    """
    codings = [c for c in (content_encoding or "").lower().replace(",", " ").split() if c != "identity"]
    if not codings:
        return body
    if codings not in (["gzip"], ["x-gzip"]):
        raise UnsupportedEncoding(
            f'Content-Encoding "{(content_encoding or "")[:100]}" is not taken', hint="send gzip or identity"
        )
    try:
        return _members(body, limit, meter)
    except isal_zlib.error as error:  # type: ignore[misc]  # the stub has an instance for the class
        raise MalformedBody(f"the body is not valid gzip: {error}") from None


def deflate(body: Body) -> bytes:
    """``body`` as gzip, at the level that costs least."""
    return isal_zlib.compress(body, level=0, wbits=_GZIP_WINDOW)


def _members(body: Body, limit: int, meter: cost.Meter) -> bytearray:
    """A gzip stream is one or several members after each other (RFC 1952)."""
    if bytes(body[:2]) != _MAGIC:
        raise MalformedBody("the body is not valid gzip: it does not begin as gzip does")
    unpacked = _Unpacked(limit, meter)
    view, at = memoryview(body), 0
    for _ in range(_MOST_MEMBERS):
        at += _member(view[at:], unpacked)
        if at == len(view):
            return unpacked.whole
    raise MalformedBody(f"the body has more than {_MOST_MEMBERS} gzip members")


class _Unpacked:
    """What was unpacked so far."""

    def __init__(self, limit: int, meter: cost.Meter) -> None:
        self.whole = bytearray()
        self._limit = limit
        self._meter = meter
        self._metered = cost.FREE

    def add(self, piece: bytes) -> None:
        """BodyTooLarge: the limit; and what the meter raises."""
        size = len(self.whole) + len(piece)
        if size > self._limit:
            raise BodyTooLarge(f"the body is larger than {self._limit} bytes when unpacked")
        if size > self._metered:
            self._metered = min(2 * size, self._limit + _PIECE)
            self._meter(self._metered)
        self.whole += piece


def _member(view: memoryview, unpacked: _Unpacked) -> int:
    """Unpack the member at the beginning, in pieces, for a few bytes may stand for very many; its length."""
    stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
    at = 0
    while not stream.eof:
        sent = view[at : at + _PIECE]
        if not sent:
            raise MalformedBody("the body is not valid gzip: it ends too early")
        at += len(sent)
        unpacked.add(stream.decompress(sent, _PIECE))
        while stream.unconsumed_tail and not stream.eof:
            unpacked.add(stream.decompress(stream.unconsumed_tail, _PIECE))
    return at - len(stream.unused_data)
