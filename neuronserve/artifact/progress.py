"""How far a start is: values that are reported often and shown seldom."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

LOCATE = "locate"
WAITING = "waiting"  # another start fetches the same artifact
DOWNLOAD = "download"
UNPACK = "unpack"
VERIFY = "verify"
NORMALISE = "normalise"
INSPECT = "inspect"  # what was compiled into the model
INSTALL = "install"  # the packages that the model's own code asks for
HANDLER = "handler"  # whether the model's own code can be loaded


@dataclasses.dataclass(frozen=True)
class Progress:
    """``done_bytes`` of ``total_bytes`` (0: not known) of a ``step``; ``detail`` is for a person."""

    step: str
    done_bytes: int = 0
    total_bytes: int = 0
    detail: str = ""


Report = Callable[[Progress], None]


class Gentle:
    """Passes reports on from any thread, one at a time, and at most one per ``interval`` and step."""

    def __init__(self, report: Report, *, interval: float = 0.5) -> None:
        self._report = report
        self._interval = interval
        self._lock = threading.Lock()
        self._last = (-1.0, "")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        last, step = self._last
        ended = progress.total_bytes and progress.done_bytes == progress.total_bytes
        if step == progress.step and now - last < self._interval and not ended:
            return  # cheap and unlocked: called for every piece of every file
        with self._lock:
            self._last = (now, progress.step)
            self._report(progress)
