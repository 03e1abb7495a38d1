"""Why a demonstration could not go on."""

from __future__ import annotations


class DemoError(Exception):
    """One line for the person, and the ``log`` of the process that failed, if any."""

    def __init__(self, reason: str, *, log: str = "") -> None:
        super().__init__(reason)
        self.log = log

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.rstrip().splitlines()[-lines:])
