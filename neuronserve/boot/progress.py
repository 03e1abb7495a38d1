"""How far a start is, shown: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import logging
import time

from neuronserve.logs import Output

_WIDTH = 30  # characters
_EVERY = 5.0  # seconds between two lines about the same step
_log = logging.getLogger("serve")


class Display:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._shown = ("", 0.0)

    def show(self, step: str, done: int, total: int, detail: str) -> None:
        """``done`` of ``total`` bytes (0: not known) of a step."""
        text = f"{step}: {amount(done, total) or detail}".removesuffix(": ")
        if self._output.terminal:
            self._output.progress(f"{bar(done, total)} {text}".lstrip())
            return
        shown, moment = self._shown
        now = time.monotonic()
        if step != shown or now - moment >= _EVERY:
            self._shown = (step, now)
            _log.info("%s", text)

    def end(self) -> None:
        self._output.progress("")


def amount(done: int, total: int) -> str:
    """Such as ``45 % of 1,024 MB``; empty when there is nothing to tell."""
    if total:
        return f"{100 * done // total} % of {_megabytes(total)}"
    return _megabytes(done) if done else ""


def bar(done: int, total: int) -> str:
    if not total:
        return ""
    filled = min(_WIDTH, _WIDTH * done // total)
    return f"[{'#' * filled}{'.' * (_WIDTH - filled)}]"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 10_000_000 else f"{count / 1e6:,.0f} MB"
