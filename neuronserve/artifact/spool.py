"""Where arriving pieces are kept until they are unpacked, and read in order: on disk, or in memory.

On disk is the rule: what arrived survives ``kill -9`` and cut connections, and the network never
waits for the unpacking. In memory, only as many pieces as are under way: for disks that can hold the
unpacked model but not the archive beside it. A start that is killed then begins anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from neuronserve.artifact.arrivals import Arrivals
from neuronserve.artifact.objects import Piece

Write = Callable[[int, bytes], None]  # offset in the object, data


class Spool(Protocol):
    def writing(self, piece: Piece) -> contextlib.AbstractContextManager[Write]: ...

    def read(self, piece: Piece, offset: int, size: int) -> bytes: ...

    def drop(self, piece: Piece) -> None: ...


class DiskSpool:
    """Each object in a file of its own; pieces are written at their place, so files may have holes."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    @contextlib.contextmanager
    def writing(self, piece: Piece) -> Iterator[Write]:
        descriptor = os.open(self._files[piece.item], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)

        def write(offset: int, data: bytes) -> None:
            written = 0
            while written < len(data):  # a file system may take less than it was given
                written += os.pwrite(descriptor, data[written:] if written else data, offset + written)

        try:
            yield write
        finally:
            os.close(descriptor)

    def read(self, piece: Piece, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes; fewer where the file is shorter."""
        with self._files[piece.item].open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, offset)

    def drop(self, piece: Piece) -> None:
        """Kept: it is what a killed start resumes from."""


class MemorySpool:
    """Pieces in memory until they are dropped."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytearray] = {}

    @contextlib.contextmanager
    def writing(self, piece: Piece) -> Iterator[Write]:
        buffer = self._pieces[piece.index] = bytearray(piece.end - piece.start)

        def write(offset: int, data: bytes) -> None:
            place = offset - piece.start
            buffer[place : place + len(data)] = data

        yield write

    def read(self, piece: Piece, offset: int, size: int) -> bytes:
        place = offset - piece.start
        return bytes(memoryview(self._pieces[piece.index])[place : place + size])

    def drop(self, piece: Piece) -> None:
        del self._pieces[piece.index]


class InOrder:
    """One object's bytes from the first to the last, waiting for each piece. A binary reader."""

    def __init__(self, pieces: Sequence[Piece], spool: Spool, arrivals: Arrivals) -> None:
        self._pieces = iter(pieces)
        self._piece: Piece | None = None
        self._offset = 0
        self._spool = spool
        self._arrivals = arrivals

    def read(self, size: int = -1) -> bytes:
        """Some bytes, at most ``size``; b"" at the end. Raises what ended the download."""
        if self._piece is None:
            self._piece = next(self._pieces, None)
            if self._piece is None:
                return b""
            self._arrivals.wait(self._piece.index)
            self._offset = self._piece.start
        piece = self._piece
        left = piece.end - self._offset
        data = self._spool.read(piece, self._offset, left if size < 0 else min(size, left))
        self._offset += len(data)
        if self._offset >= piece.end:
            self._spool.drop(piece)
            self._arrivals.taken(piece.index)
            self._piece = None
        return data
