"""What gunicorn refuses by itself, before or instead of the application, in our own words.

gunicorn would send HTML. Nginx, which alone knows the request's id then, is told to answer in its place
(X-Accel-Redirect to an inner address of ``nginx.conf``), and logs the request.
"""

from __future__ import annotations

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException

UNREADABLE = "/.refused/400"
ADDRESS_TOO_LONG = "/.refused/414"
HEADERS_TOO_LARGE = "/.refused/431"
BROKEN = "/.refused/500"


def inner_address(error: BaseException) -> str:
    """Where nginx finds the answer to a request that ended with ``error``."""
    if isinstance(error, LimitRequestHeaders):
        return HEADERS_TOO_LARGE
    if isinstance(error, LimitRequestLine):
        return ADDRESS_TOO_LONG
    return UNREADABLE if isinstance(error, ParseException) else BROKEN


def answer(error: BaseException) -> bytes:
    """The whole response to nginx; the connection ends with it."""
    return (
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n"
        f"X-Accel-Redirect: {inner_address(error)}\r\n\r\n"
    ).encode()
