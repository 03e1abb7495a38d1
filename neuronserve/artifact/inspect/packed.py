"""The tar inside an executable, gzip'd or plain: a few small members read in memory, nothing extracted.

It may come from anywhere, so that nothing here grows with what a header claims: headers are read one
block at a time, other members are skipped, and what is unpacked in all is bounded.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator

from isal import isal_zlib

MEMBER_BYTES = 1 << 20  # of one member that is read; the real ones have about 1,000

_MEMBERS = 100_000  # headers that are read; the real ones have about 20
_BLOCK = tarfile.BLOCKSIZE
_STEP = 1 << 20  # bytes unpacked at once
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's number for: a gzip header and trailer are expected


def is_packed(data: bytes) -> bool:
    """Whether it begins as gzip does."""
    return data[:2] == _GZIP


class Unreadable(Exception):
    """Why the data could not be read to its end."""


class Stream:
    """Bytes in order, unpacked on the way. ``position``: how many were read; at most ``limit``."""

    def __init__(self, data: bytes, start: int, limit: int) -> None:
        self.position = 0
        self._limit = limit
        self._pieces = _inflated(data, start) if is_packed(data[start : start + 2]) else _plain(data, start)
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer at the end of the data. Raises Unreadable."""
        return b"".join(self._parts(size))

    def skip(self, size: int) -> None:
        if sum(len(part) for part in self._parts(size)) < size:
            raise Unreadable("it is cut short")

    def _parts(self, size: int) -> Iterator[memoryview]:
        while size:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    return
            part, self._rest = self._rest[:size], self._rest[size:]
            self.position += len(part)
            if self.position > self._limit:
                raise Unreadable(f"it unpacks to more than {self._limit:,} bytes: the rest was not read")
            size -= len(part)
            yield part


def members(stream: Stream, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of the wanted plain files; None for one that is too large. Raises Unreadable."""
    for _ in range(_MEMBERS):
        header = stream.read(_BLOCK)
        if not header.strip(b"\0"):
            return
        try:
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise Unreadable(f"it is no tar archive, or damaged: {error}") from error
        if member.size < 0:
            raise Unreadable(f"it holds a member of {member.size} bytes")
        padded = -(-member.size // _BLOCK) * _BLOCK
        name = member.name.removeprefix("./")
        if not member.isreg() or not wanted(name):
            stream.skip(padded)
        elif member.size > MEMBER_BYTES:
            yield name, None
            stream.skip(padded)
        else:
            content = stream.read(padded)
            if len(content) < member.size:
                raise Unreadable("it is cut short")
            yield name, content[: member.size]
    raise Unreadable(f"it has more than {_MEMBERS:,} members: the rest was not read")


def _plain(data: bytes, start: int) -> Iterator[bytes]:
    for at in range(start, len(data), _STEP):
        yield data[at : at + _STEP]


def _inflated(data: bytes, start: int) -> Iterator[bytes]:
    inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        for piece in _plain(data, start):
            waiting = piece
            while waiting and not inflater.eof:
                if part := inflater.decompress(waiting, _STEP):
                    yield part  # an empty one would read as the end
                waiting = inflater.unconsumed_tail
            if inflater.eof:
                return
    except isal_zlib.error as error:  # type: ignore[misc]  # the stub has an instance for the class
        raise Unreadable(f"its gzip data is damaged: {error}") from error
