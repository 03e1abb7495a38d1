"""One small HTTP question over a unix socket, without the weight of an HTTP library."""

from __future__ import annotations

import socket
from pathlib import Path

_LONGEST = 65_536  # bytes: who asks wants to know whether there is an answer, or a line of it


def get(path: Path, address: str, timeout: float) -> bytes:
    """The whole answer, head and body; empty when there was none within ``timeout`` seconds.

    The timeout counts for each step of the exchange, which is short.
    """
    request = f"GET {address} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(request)
            while len(answer) < _LONGEST and (piece := connection.recv(4096)):
                answer += piece
    except OSError:
        return b""
    return answer
