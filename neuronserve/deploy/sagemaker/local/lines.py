"""What a container prints: passed on line by line, the last lines kept for when it fails."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from typing import IO

KEPT = 25


class Lines:
    """``tell`` gets each line with ``prefix`` in front."""

    def __init__(self, prefix: str, tell: Callable[[str], None]) -> None:
        self._prefix, self._tell = prefix, tell
        self._last: collections.deque[str] = collections.deque(maxlen=KEPT)
        self._readers: list[threading.Thread] = []

    def take(self, line: str) -> None:
        self._last.append(line)
        self._tell(f"{self._prefix}{line}")

    def follow(self, stream: IO[bytes] | None) -> None:
        """Take all lines of a stream, in a thread of its own."""
        if stream:
            reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            self._readers.append(reader)
            reader.start()

    def end(self) -> None:
        """Until the streams that were followed have ended; a grandchild may hold one for ever."""
        for reader in self._readers:
            reader.join(1)

    def last(self) -> list[str]:
        return list(self._last)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.take(line.decode(errors="replace").rstrip("\r\n"))
