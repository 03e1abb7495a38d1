"""HTTP as the server below TF Serving (libevent's) has it: targets, bodies, and its own pages."""

from __future__ import annotations

import re
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_LARGEST_UNCOMPRESSED = 100 * 1024 * 1024  # bytes, as TF Serving's ZLib::kMaxUncompressedBytes
_GZIP = 16 + zlib.MAX_WBITS
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_CHARACTER = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9a-fA-F]{2})"
_TARGET = re.compile(rf"{_CHARACTER}*(?:\?(?:{_CHARACTER}|\?)*)?(?:#(?:{_CHARACTER}|\?)*)?")


def target(environ: WSGIEnvironment) -> str | None:
    """The path and query of a request, quoted as they were sent; None when they are none of RFC 3986's."""
    uri = str(environ.get("REQUEST_URI") or environ.get("PATH_INFO", ""))
    authority = _AUTHORITY.match(uri)
    path = uri[authority.end() :] if authority else uri
    if not _TARGET.fullmatch(path):
        return None
    return path if path.startswith("/") else f"/{path}"


def body(environ: WSGIEnvironment) -> bytes:
    """The body of a request. One that says ``gzip`` and is none counts as empty, as in TF Serving."""
    content: bytes = environ["wsgi.input"].read()
    return _uncompressed(content) if "gzip" in environ.get("HTTP_CONTENT_ENCODING", "") else content


def _uncompressed(content: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(content, _LARGEST_UNCOMPRESSED + 1)
    except zlib.error:
        return b""
    whole = stream.eof and not stream.unused_data and len(plain) <= _LARGEST_UNCOMPRESSED
    return plain if whole else b""


def page(status: int) -> bytes:
    reason = phrase(status)
    return (
        f"<HTML><HEAD>\n<TITLE>{status} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
    ).encode()


def phrase(status: int) -> str:
    return "Client Closed Request" if status == 499 else HTTPStatus(status).phrase
