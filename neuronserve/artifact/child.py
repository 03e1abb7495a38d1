"""A program that is run to its end, listened to line by line, within a time.

It stays in this process's group: whoever ends this program, as the supervisor does, ends that one with it.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve.privileges import Account

_LONGEST = 2000  # characters of a line that are passed on


class TimeUp(Exception):
    """It was still running, and has been killed."""


class Child:
    """``hear`` gets each line of its stdout and stderr, without the newline."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: Path,
        hear: Callable[[str], None],
        account: Account | None = None,
    ) -> None:
        """``account``: whom it runs as; None: as we do."""
        self._argv = argv
        self._env = env
        self._cwd = cwd
        self._hear = hear
        self._becoming = account.becoming() if account is not None else {}

    def run(self, seconds: float) -> int:
        """Its exit code. Raises TimeUp, and OSError when it cannot be started."""
        process = subprocess.Popen(
            self._argv, env=dict(self._env), cwd=self._cwd,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="backslashreplace", **self._becoming,
        )  # fmt: skip
        # a thread that only listens: a grandchild may hold the pipe when the child is gone
        ears = threading.Thread(target=self._listen, args=(process,), name="child", daemon=True)
        ears.start()
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise TimeUp from None
        ears.join(5)
        return status

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101  it was asked for
        with process.stdout as lines:
            for line in lines:
                self._hear(line.rstrip()[:_LONGEST])
