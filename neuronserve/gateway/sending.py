"""An answer that goes out in pieces as they come: the WSGI iterable, and what becomes of it.

The first piece is had before the headers are sent, so that what fails until then is an ordinary error. What
fails later cuts the connection: the client must not take half an answer for a whole one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator

from neuronserve.errors import ClientGone

Pieces = Generator[bytes, None, None]
Ended = Callable[[Exception | None, int], None]
"""Told once how it ended: the fault, None for none, and the bytes that were sent."""


class Sending:
    """Iterated and closed by gunicorn. Raises what the first piece raises."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._first: bytes | None = next(pieces, b"")
        self._sent = 0
        self.ended: Ended | None = None

    def __iter__(self) -> Sending:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces) if self._first is None else self._first
        except StopIteration:
            self._end(None)
            raise
        except Exception as fault:
            self._end(fault)
            # what gunicorn takes for a client who left: it closes the connection, without an end of the body
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from fault
        self._first = None
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        """No more is wanted; what is under way ends."""
        self._pieces.close()
        self._end(ClientGone("the client closed the connection"))

    def _end(self, fault: Exception | None) -> None:
        ended, self.ended = self.ended, None
        if ended is not None:
            ended(fault, self._sent)
