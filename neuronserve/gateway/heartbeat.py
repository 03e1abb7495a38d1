"""How a gunicorn worker shows that its main loop goes on: a time in memory that both processes see.

gunicorn's own way is a file, for which a file system may have no inode: one worker that dies then takes all
others along, because its successor cannot be made.
"""

from __future__ import annotations

import os
import time

from gunicorn.config import Config
from gunicorn.workers import base


class Heartbeat:
    """In place of ``gunicorn.workers.workertmp.WorkerTmp``, with its methods."""

    def __init__(self, config: Config) -> None:
        self._memory = os.memfd_create("heartbeat")
        os.fchown(self._memory, config.uid, config.gid)  # the worker's own, who sets its times

    def notify(self) -> None:
        now = time.monotonic()
        os.utime(self._memory, (now, now))

    def last_update(self) -> float:
        return os.fstat(self._memory).st_mtime

    def fileno(self) -> int:
        return self._memory

    def close(self) -> None:
        os.close(self._memory)


def install() -> None:
    """Have gunicorn use it, from the next worker on."""
    base.WorkerTmp = Heartbeat
