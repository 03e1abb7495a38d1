"""What a verb works with: AWS, where to print, the clock, and how models are looked into."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

from neuronserve.compiled import Compiled
from neuronserve.deploy import aws as ways
from neuronserve.deploy import documents, waiting
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.models import NoReader, Reader
from neuronserve.deploy.waiting import Clock, SystemClock
from neuronserve.errors import InvalidInput
from neuronserve.uncompiled import Uncompiled

Found = TypeVar("Found")

_PASSWORD = re.compile(r"(?<=://)[^/@\s\"']+@")

Inspect = Callable[[str], Mapping[str, tuple[Compiled, ...]]]
Unpack = Callable[[Path, Path], Path]
Look = Callable[[Path], Uncompiled]


def _cannot_inspect(model: str) -> Mapping[str, tuple[Compiled, ...]]:
    raise InvalidInput(f"{model}: models cannot be looked into here", hint="leave --model out")


def _cannot_unpack(archive: Path, _: Path) -> Path:
    raise InvalidInput(f"{archive}: archives cannot be unpacked here", hint="name the folder of the model")


def _cannot_look(path: Path) -> Uncompiled:
    raise InvalidInput(f"{path}: models cannot be looked into here")


@dataclasses.dataclass(frozen=True)
class Desk:
    """Results go to ``out`` (a document, or lines for a person), everything else to ``err``.

    ``form``: ``json`` or ``yaml``, as --output says. ``inspect``: a path or s3:// URI -> the versions of each
    model in it, by the model's name. ``unpack``: an archive, and a folder for it -> the tree in it, of which
    nothing leaves the folder. ``uncompiled``: a SavedModel's folder, or a frozen graph -> what it takes and
    gives.
    """

    aws: Aws = dataclasses.field(default_factory=Aws)
    form: str = "json"
    out: TextIO = dataclasses.field(default_factory=lambda: _standard(sys.stdout))
    err: TextIO = dataclasses.field(default_factory=lambda: _standard(sys.stderr))
    clock: Clock = dataclasses.field(default_factory=SystemClock)
    environ: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)
    inspect: Inspect = _cannot_inspect
    models: Reader = dataclasses.field(default_factory=NoReader)
    unpack: Unpack = _cannot_unpack
    uncompiled: Look = _cannot_look

    def show(self, document: Any) -> None:
        """Print a result for a machine and a person alike, as --output says.

        When nobody reads it any more, the exit code still says how it ended.
        """
        with contextlib.suppress(BrokenPipeError):
            self._write(self.out, documents.dump(document, self.form))

    def line(self, text: str) -> None:
        """Print a line of a result for a person. Raises BrokenPipeError when the reader has enough."""
        self._write(self.out, f"{text}\n")

    def say(self, text: str) -> None:
        """Tell a person what is going on; never part of the result. What nobody hears ends nothing.

        Names and passwords within addresses (``https://name:password@host``) are not told.
        """
        with contextlib.suppress(BrokenPipeError, InvalidInput):
            self._write(self.err, f"{_PASSWORD.sub('...@', text)}\n")

    def would_send(self, calls: Sequence[tuple[str, Any]]) -> None:
        """For a dry run: AWS's operations are said, their requests are the result, one without a list."""
        for said in [f"would send {name}" for name, _ in calls] or ["nothing would be sent"]:
            self.say(said)
        requests = [request for _, request in calls]
        self.show(requests[0] if len(requests) == 1 else requests)

    def until(
        self,
        look: Callable[[], Found | None],
        *,
        what: str,
        seconds: float,
        every: float,
        hint: str = "",
    ) -> Found:
        """``waiting.until``, which survives that AWS does not answer for some minutes, and tells it."""
        bridged = waiting.Bridged(ways.passes, self.say, self.clock)
        return waiting.until(
            lambda: bridged.look(look), what=what, seconds=seconds, every=every, clock=self.clock, hint=hint
        )

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            _let_go(stream)
            if isinstance(error, BrokenPipeError):
                raise
            raise InvalidInput(f"the output cannot be written: {error.strerror}") from None


def _standard(stream: TextIO | None) -> TextIO:
    """None: it was closed before the program began. No character of a log is worth a failure."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream or io.StringIO()


def _let_go(stream: TextIO) -> None:
    """Python tries to write what is left once more at the end: let that succeed."""
    with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
