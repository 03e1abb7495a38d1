"""A body that comes in chunks, cut into pieces of whole records: it may be larger than memory.

A record of JSON lines is a line. One of CSV is what the ``csv`` module takes for a row: it may hold line ends
between quotes, and ends with LF, CRLF or CR.
"""

from __future__ import annotations

import bisect
import dataclasses
import re
from collections.abc import Iterator

from neuronserve.errors import BodyTooLarge

# One record of CSV with its line end: fields, each quoted (after spaces) or not. Nothing is tried twice, and
# what is not whole yet, or may still be the first half of CRLF, does not match.
_QUOTED = rb' *+"(?:[^"]++|"")*+"[^,\r\n]*+'
_PLAIN = rb'(?! *+")[^,\r\n]*+'
_FIELD = rb"(?:" + _QUOTED + rb"|" + _PLAIN + rb")"
_END = rb"(?:\r\n|\n|\r(?=[^\n]))"
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+" + _END)
_LINE_END = re.compile(_END)
_LF = re.compile(rb"\n")
_ANY_END = re.compile(rb"\r\n|\n|\r")


@dataclasses.dataclass(frozen=True)
class Piece:
    """Whole records; ``line``: the number of the line on which the first one begins, from 1."""

    body: bytes
    line: int


class Pieces:
    """Cuts ``chunks``. ``csv``: as the csv module does, else at LF. ``longest``: bytes of a record."""

    def __init__(self, chunks: Iterator[bytes], *, csv: bool, longest: int) -> None:
        self._chunks = chunks
        self._csv = csv
        self._longest = longest
        self._buffer = bytearray()
        self._ends: list[int] = []  # of the whole records in the buffer
        self._over = False
        self._line = 1

    def take(self, size: int, multiple: int = 1) -> Piece | None:
        """The next piece, of about ``size`` bytes; None when there is no more.

        It has a multiple of ``multiple`` records, unless these need more bytes than one record may have, or
        it is the last. BodyTooLarge: a record is longer than may be.
        """
        self._fill(size)
        while len(self._ends) < multiple and len(self._buffer) < self._longest and not self._over:
            self._fill(2 * len(self._buffer))
        count = min(bisect.bisect_left(self._ends, size) + 1, len(self._ends))
        if self._over and (count == len(self._ends) or len(self._ends) < multiple):
            return self._last()
        if count >= multiple:
            count -= count % multiple
        elif len(self._ends) >= multiple:
            count = multiple
        if not count:
            raise self._too_long()
        return self._cut(self._ends[count - 1])

    def _fill(self, size: int) -> None:
        """Until there are ``size`` bytes, if more come, and the ends of the records in them are known."""
        while len(self._buffer) < size and not self._over:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._over = True
            else:
                self._buffer += chunk
        known = self._ends[-1] if self._ends else 0
        if not self._csv:
            self._ends += [found.end() for found in _LF.finditer(self._buffer, known)]
        elif self._buffer.find(b'"', known) < 0:
            line_end = _LF if self._buffer.find(b"\r", known) < 0 else _LINE_END
            self._ends += [found.end() for found in line_end.finditer(self._buffer, known)]
        else:
            while found := _RECORD.match(self._buffer, known):
                known = found.end()
                self._ends.append(known)

    def _last(self) -> Piece | None:
        if len(self._buffer) - (self._ends[-1] if self._ends else 0) > self._longest:
            raise self._too_long()
        return self._cut(len(self._buffer)) if self._buffer else None

    def _cut(self, end: int) -> Piece:
        piece = Piece(bytes(memoryview(self._buffer)[:end]), self._line)
        del self._buffer[:end]
        self._ends = [at - end for at in self._ends if at > end]
        self._line += len(_ANY_END.findall(piece.body)) if self._csv else piece.body.count(b"\n")
        return piece

    def _too_long(self) -> BodyTooLarge:
        most = f"{self._longest / (1 << 20):.1f} MiB"
        return BodyTooLarge(f"the record that begins on line {self._line} is longer than {most}")
