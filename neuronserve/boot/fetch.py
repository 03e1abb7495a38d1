"""The child that gets the model: ``python -m neuronserve.artifact``, and what it tells on its stdout.

A program of its own, so that boto3 and its memory are gone when the model is there. It prints JSON lines:
``progress`` events, then one ``bundle`` or ``error`` event; its exit code is the one ``serve`` ends with.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve import exitcodes
from neuronserve.artifact.bundle import Bundle
from neuronserve.boot.failure import Failure
from neuronserve.boot.relay import relay
from neuronserve.errors import ArtifactError
from neuronserve.supervise.children import Command, Exit

_log = logging.getLogger("fetch")


WORK = "model"  # in the runtime folder: the tree of links
# what is got: options of neuronserve/artifact/__main__.py
MODEL, SHARED_CODE = ("--keep-link",), ("--only-shared-code",)


def command(
    runtime: Path,
    environ: Mapping[str, str],
    on_stdout: Callable[[str], None],
    what: Sequence[str] = MODEL,
) -> Command:
    return Command(
        # -P: what lies in the folder it starts in must not be imported
        argv=(sys.executable, "-P", "-m", "neuronserve.artifact", "--work-dir", str(runtime / WORK), *what),
        env=environ,
        cwd=runtime,
        on_stdout=on_stdout,
        on_stderr=relay("fetch"),
        longest_line=1 << 20,
    )


class Fetch:
    """Listens to the child; when it has ended, exactly one of ``got`` and ``failed`` is called."""

    def __init__(
        self,
        *,
        progress: Callable[[str, int, int, str], None],
        got: Callable[[Bundle], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._progress = progress
        self._got = got
        self._failed = failed
        self._outcome: Bundle | Failure | None = None

    def hear(self, line: str) -> None:
        """One line of the child's stdout."""
        try:
            event = json.loads(line)
            self._understand(event)
        except (ValueError, KeyError, TypeError):
            _log.warning("not understood: %s", line[:500])

    def ended(self, exit_: Exit) -> None:
        match self._outcome:
            case Bundle() as bundle if exit_.code == 0:
                self._got(bundle)
            case Failure() as failure if exit_.code in exitcodes.MEANINGS:
                self._failed(dataclasses.replace(failure, exit_code=exit_.code))
            case Failure() as failure:  # it could not even end as it wanted
                self._failed(failure)
            case _:
                self._failed(_silent(exit_))

    def _understand(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "progress":
                done, total = event.get("done", 0), event.get("total", 0)
                self._progress(event["step"], done, total, event.get("detail", ""))
            case "bundle":
                self._outcome = Bundle.from_dict(event["bundle"])
            case "error":
                code, error, hint = event["code"], event["error"], event.get("hint", "")
                self._outcome = Failure(code, error, hint, exitcodes.of(ArtifactError(error)))


def _silent(exit_: Exit) -> Failure:
    return Failure.of(
        ArtifactError(
            f"the program that gets the model ended without a result ({exit_})",
            hint="the log has its last lines; SIGKILL often means too little memory",
        )
    )
