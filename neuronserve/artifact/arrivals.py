"""Which pieces have arrived: where the downloading threads and the reader meet."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Arrivals:
    """Thread-safe. ``ahead`` bounds how many pieces may be under way before the reader took them."""

    def __init__(self, *, ahead: int | None = None) -> None:
        self._ahead = ahead
        self._changed = threading.Condition()
        self._crcs: dict[int, int] = {}
        self._taken = 0
        self._failure: BaseException | None = None
        self.stop = threading.Event()

    def arrived(self, index: int, crc: int) -> None:
        """Piece ``index`` is whole; ``crc`` is its CRC-32."""
        with self._changed:
            self._crcs[index] = crc
            self._changed.notify_all()

    def taken(self, index: int) -> None:
        """The reader needs piece ``index`` no more."""
        with self._changed:
            self._taken = index + 1
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """No more will come: every waiting thread is told. The first error counts."""
        self.stop.set()
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def has(self, index: int) -> bool:
        return index in self._crcs

    def wait(self, index: int) -> int:
        """Blocks until piece ``index`` is whole; its CRC-32. Raises what ``fail`` was told."""
        with self._changed:
            self._changed.wait_for(lambda: index in self._crcs or self.stop.is_set())
            if index in self._crcs:
                return self._crcs[index]
            raise self._failure or EOFError(f"the download ended before piece {index}")

    def admit(self, index: int) -> bool:
        """Blocks until piece ``index`` may be fetched; False when the download is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.stop.is_set() or self._ahead is None or index < self._taken + self._ahead
            )
        return not self.stop.is_set()

    @contextlib.contextmanager
    def failing(self, *, unless: type[Exception] | tuple[()] = ()) -> Iterator[None]:
        """An error in here ends the download at once, so that nobody waits for pieces any more."""
        try:
            yield
        except unless:
            raise
        except BaseException as error:
            self.fail(error)
            raise

    def close(self) -> None:
        """The reader is gone: nothing more is fetched."""
        self.stop.set()
        with self._changed:
            self._changed.notify_all()
