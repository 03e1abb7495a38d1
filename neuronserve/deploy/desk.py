"""What a verb works with: AWS, where to print, the clock, and how models are looked into."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from neuronserve.compiled import Compiled
from neuronserve.deploy import documents
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.waiting import Clock, SystemClock
from neuronserve.errors import InvalidInput

Inspect = Callable[[str], Mapping[str, tuple[Compiled, ...]]]


def _cannot_inspect(model: str) -> Mapping[str, tuple[Compiled, ...]]:
    raise InvalidInput(f"{model}: models cannot be looked into here", hint="leave --model out")


@dataclasses.dataclass(frozen=True)
class Desk:
    """Results go to ``out`` (a document, or lines for a person), everything else to ``err``.

    ``form``: ``json`` or ``yaml``, as --output says. ``inspect``: a path or s3:// URI -> the versions of each
    model in it, by the model's name.
    """

    aws: Aws = dataclasses.field(default_factory=Aws)
    form: str = "json"
    out: TextIO = dataclasses.field(default_factory=lambda: sys.stdout)
    err: TextIO = dataclasses.field(default_factory=lambda: sys.stderr)
    clock: Clock = dataclasses.field(default_factory=SystemClock)
    environ: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)
    inspect: Inspect = _cannot_inspect

    def show(self, document: Any) -> None:
        """Print a result for a machine and a person alike, as --output says."""
        self.out.write(documents.dump(document, self.form))
        self.out.flush()

    def line(self, text: str) -> None:
        """Print a line of a result for a person."""
        print(text, file=self.out, flush=True)

    def say(self, text: str) -> None:
        """Tell a person what is going on; never part of the result."""
        print(text, file=self.err, flush=True)
