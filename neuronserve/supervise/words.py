"""What a process said in one run: they tell most often why it ended."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Callable

from neuronserve.supervise.children import Command, OnLine

_LAST_WORDS = 1.0  # seconds before the end in which a line counts as such
_LONGEST = 500  # characters
# of a write to a disk that takes no more
STARVING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
_STARVED = tuple(os.strerror(number) for number in STARVING)  # as C, Python and TensorFlow print them


def says_starved(line: str) -> bool:
    """Whether a line tells that the disk took no more."""
    return any(text in line for text in _STARVED)


class Words:
    """``excused``: one of its lines was such as ``excuse`` is true for. ``now``: the time in seconds.

    ``starved``: one of them was that the disk took no more.
    """

    def __init__(self, now: Callable[[], float], excuse: Callable[[str], bool]) -> None:
        self._now = now
        self._excuse = excuse
        self._last: tuple[float, str] | None = None
        self.excused = False
        self.starved = False

    def heard_by(self, command: Command) -> Command:
        """The same command, with an ear on its lines."""
        on_stdout = command.on_stdout
        return dataclasses.replace(
            command,
            on_stdout=on_stdout and self._ear(on_stdout, last=False),
            on_stderr=self._ear(command.on_stderr, last=True),
        )

    def last(self) -> str:
        """What it complained of just before now; what it said long ago has nothing to do with its end."""
        if self._last is None or self._now() - self._last[0] > _LAST_WORDS:
            return ""
        return f"; it said: {self._last[1][:_LONGEST]}"

    def _ear(self, then: OnLine, *, last: bool) -> OnLine:
        def hear(line: str) -> None:
            if last:
                self._last = (self._now(), line)
            self.excused = self.excused or self._excuse(line)
            self.starved = self.starved or says_starved(line)
            then(line)

        return hear
