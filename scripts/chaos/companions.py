"""The two processes beside the tool: the load (``clients``) and the watch on the host (``stall``)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parents[1]


class Companion:
    """``python -m MODULE ARGUMENTS...``, whose lines ``hear`` gets in a thread. It ends with this process."""

    def __init__(self, module: str, arguments: tuple[str, ...], hear: Callable[[str], None]) -> None:
        path = os.pathsep.join((str(_SCRIPTS), str(_SCRIPTS.parent)))
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the tool, which ends it
        )  # fmt: skip
        self._hear = hear
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._hear(line)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def end(self, seconds: float) -> None:
        """When all it said was heard; killed after so many seconds."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
