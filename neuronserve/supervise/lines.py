"""Bytes of a child's output in, text lines out: whole, clean and of bounded length."""

from __future__ import annotations

from collections.abc import Iterator

# Control characters could move a terminal's cursor or forge lines; a tab is harmless.
_CLEAN = {c: f"\\x{c:02x}" for c in (*range(32), *range(127, 160)) if c != 9}
_CUT = " [...]"


class Lines:
    """Splits at line feeds and carriage returns; empty lines are dropped.

    A line longer than ``limit`` bytes comes in pieces, each but the last ending in ``[...]``, so that a
    child that never ends its line costs no more memory than that.
    """

    def __init__(self, limit: int = 16_384) -> None:
        self._limit = limit
        self._partial = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that ``data`` completes."""
        *whole, self._partial = (self._partial + data).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield from self._pieces(line)
        while len(self._partial) > self._limit:
            piece, self._partial = self._partial[: self._limit], self._partial[self._limit :]
            yield _text(piece) + _CUT

    def rest(self) -> Iterator[str]:
        """The line that was never ended, at the end of the output."""
        partial, self._partial = self._partial, b""
        yield from self._pieces(partial)

    def _pieces(self, line: bytes) -> Iterator[str]:
        starts = range(0, len(line), self._limit)
        for start in starts:
            last = start + self._limit >= len(line)
            yield _text(line[start : start + self._limit]) + ("" if last else _CUT)


def _text(piece: bytes) -> str:
    return piece.decode("utf-8", "backslashreplace").translate(_CLEAN)
