"""Which pieces of a download are on disk already: what a killed start resumes from.

A text file beside the spool: the first line names the objects (their ETags) and the piece size, each
further line one piece and its CRC-32. A line is written after its piece; the CRC is checked before a
piece is trusted, so neither a torn line nor a crash of the machine can bring in wrong bytes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from isal import isal_zlib

from neuronserve.artifact.objects import PIECE, Piece, RemoteObject
from neuronserve.artifact.spool import DiskSpool

_BLOCK = 1 << 20


class Journal:
    """Appends finished pieces. Thread-safe."""

    def __init__(self, path: Path, objects: Sequence[RemoteObject]) -> None:
        self._path = path
        names = "\n".join(one.identity for one in objects)
        self._title = (
            f"neuronserve-journal-1 {PIECE} {hashlib.sha256(names.encode(errors='replace')).hexdigest()}"
        )
        self._lock = threading.Lock()

    def resume(self, pieces: Sequence[Piece], spool: DiskSpool) -> dict[int, int]:
        """The pieces that are on disk and whole, with their CRC-32s; the journal goes on from there."""
        noted = dict(self._noted())
        whole = {
            index: crc
            for index, crc in noted.items()
            if index < len(pieces) and _crc(pieces[index], spool) == crc
        }
        lines = [self._title, *(f"{index} {crc}" for index, crc in whole.items())]
        partial = self._path.with_suffix(".partial")
        partial.write_text("".join(f"{line}\n" for line in lines))
        os.replace(partial, self._path)
        return whole

    def note(self, index: int, crc: int) -> None:
        """Piece ``index`` is on disk."""
        with self._lock, self._path.open("a") as file:
            file.write(f"{index} {crc}\n")

    def _noted(self) -> Iterator[tuple[int, int]]:
        try:
            title, *lines = self._path.read_text(errors="replace").split("\n")
        except OSError:
            return
        if title != self._title:
            return  # of another object or another version of this program
        for line in lines[:-1]:  # a line without its end was torn
            words = line.split()
            if len(words) == 2 and all(word.isdecimal() for word in words):
                yield int(words[0]), int(words[1])


def _crc(piece: Piece, spool: DiskSpool) -> int:
    crc, offset = 0, piece.start
    while offset < piece.end:
        try:
            data = spool.read(piece, offset, min(_BLOCK, piece.end - offset))
        except OSError:
            return -1
        if not data:
            return -1
        crc = isal_zlib.crc32(data, crc)
        offset += len(data)
    return crc
