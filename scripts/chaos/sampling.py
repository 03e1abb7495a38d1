"""What the service holds, looked at beside the injections, and the guard of the host's memory."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import psutil

from chaos import processes
from chaos.limits import Usage
from chaos.place import Place
from chaos.processes import Family
from chaos.scene import Peak
from chaos.schedule import MODEL_SERVER

_PERIOD_SECONDS = 0.25
_WALK_SECONDS = 1.0  # between walks over all processes


class Sampler:
    """A thread from ``start`` to ``end``. ``limit``: bytes of RSS above which the largest process is killed.

    ``tell`` is called each ``every`` seconds, for lines of progress.
    """

    def __init__(
        self, family: Family, peak: Peak, limit: int, tell: Callable[[], None], every: float
    ) -> None:
        self._peak = peak
        self._family = family
        self._limit = limit
        self._tell = tell
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._try, daemon=True)
        self._members: list[psutil.Process] = []
        self.walks = 0
        self.claims = 0  # core ranges looked at
        self.doubled: set[str] = set()
        self.guarded: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _try(self) -> None:
        try:
            self._run()
        except Exception as fault:  # noqa: BLE001  a watch that ended must not look like one that saw nothing
            self.guarded.append(f"the watch on the service ended by itself: {fault!r}")

    def _run(self) -> None:
        walked, told = 0.0, time.monotonic()
        while not self._over.wait(_PERIOD_SECONDS):
            now = time.monotonic()
            if now - walked >= _WALK_SECONDS:
                self._walk()
                walked = now
            self._guard()
            if now - told >= self._every:
                told = now
                self._tell()

    def _walk(self) -> None:
        claims = processes.cores_claimed(self._family.parts()[MODEL_SERVER])
        self.walks += 1
        self.claims += len(claims)
        self.doubled.update(processes.doubled(claims))
        self._members = self._family.now()

    def _guard(self) -> None:
        resident = {process: _rss(process) for process in self._members}
        total = sum(resident.values())
        self._peak.see(total)
        if total > self._limit:
            largest = max(resident, key=lambda one: resident[one])
            with contextlib.suppress(psutil.Error):
                name = " ".join(largest.cmdline())[:80]
                largest.kill()
                self.guarded.append(
                    f"the service took {total >> 20} MiB, more than --memory-mb: killed the largest process, "
                    f"of {resident[largest] >> 20} MiB ({name})"
                )
            self._members = []


def _rss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def usage(family: Family, place: Place) -> Usage:
    """All of it, now."""
    everyone = family.now()
    rss, pss = processes.memory(everyone)
    files, size = place.files()
    return Usage(processes.descriptors(everyone), rss, pss, len(everyone), files, size)
