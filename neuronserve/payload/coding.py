"""Content-Encoding: gzip, in and out."""

from __future__ import annotations

from isal import isal_zlib

from neuronserve.errors import BodyTooLarge, MalformedBody, UnsupportedEncoding

_GZIP_WINDOW = 31  # zlib's number for: a gzip header and trailer are expected
_MAGIC = b"\x1f\x8b"
_MOST_MEMBERS = 64  # each costs a copy of what follows it
Body = bytes | bytearray | memoryview


def inflate(body: Body, content_encoding: str | None, limit: int) -> Body:
    """The body as it was before ``content_encoding``, at most ``limit`` bytes; itself when there is none.

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
        return _members(body, limit)
    except isal_zlib.error as error:  # type: ignore[misc]  # the stub has an instance for the class
        raise MalformedBody(f"the body is not valid gzip: {error}") from None


def deflate(body: Body) -> bytes:
    """``body`` as gzip, at the level that costs least."""
    return isal_zlib.compress(body, level=0, wbits=_GZIP_WINDOW)


def _members(body: Body, limit: int) -> bytes:
    """A gzip stream is one or several members after each other (RFC 1952)."""
    if bytes(body[:2]) != _MAGIC:
        raise MalformedBody("the body is not valid gzip: it does not begin as gzip does")
    parts: list[bytes] = []
    size, rest = 0, body
    for _ in range(_MOST_MEMBERS):
        stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        part = stream.decompress(rest, limit - size + 1)
        size += len(part)
        if size > limit:
            raise BodyTooLarge(f"the body is larger than {limit} bytes when unpacked")
        if not stream.eof:
            raise MalformedBody("the body is not valid gzip: it ends too early")
        parts.append(part)
        rest = stream.unused_data
        if not rest:
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise MalformedBody(f"the body has more than {_MOST_MEMBERS} gzip members")
