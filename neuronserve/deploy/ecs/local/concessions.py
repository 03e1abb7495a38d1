"""Options that an engine or machine cannot honour, and that a trial can do without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from neuronserve.deploy.engine import Engine, Process
from neuronserve.errors import EngineFailed


@dataclasses.dataclass(frozen=True)
class Concession:
    """``complaint``: a part of the engine's reason, in lower case. ``options``: are then left out.

    ``value``: each has one.
    """

    complaint: str
    options: tuple[str, ...]
    value: bool
    told: str

    def made_in(self, words: Sequence[str]) -> list[str]:
        """The words without the options."""
        kept: list[str] = []
        at, end = 0, _options_end(words)
        while at < len(words):
            if words[at] in self.options and at < end:
                at += 2 if self.value else 1
            else:
                kept.append(words[at])
                at += 1
        return kept


CONCESSIONS = (
    Concession(
        "container-init binary not found", ("--init",), value=False,
        told="podman has no init program on this machine (package catatonit): containers have none",
    ),
    Concession(
        "rlimit", ("--ulimit",), value=True,
        told="this machine lets no container raise its limits: the ulimits are the engine's own",
    ),
    Concession(
        "range of cpus is from", ("--cpus",), value=True,
        told="this machine has fewer CPUs than a task asks for: it may use all of them",
    ),
    Concession(
        "cgroup controller `cpu` is not available", ("--cpus", "--cpu-shares"), value=True,
        told="this machine lets its users bound no CPUs: each container may use all of them",
    ),
)  # fmt: skip


class Lenient:
    """An engine that is asked again without an option that the machine cannot honour.

    What was conceded once is told, and never asked for again.
    """

    def __init__(self, engine: Engine, tell: Callable[[str], None]) -> None:
        self.program, self.podman = engine.program, engine.podman
        self.begin: Callable[..., Process] = engine.begin
        self._engine, self._tell = engine, tell
        self._made: list[Concession] = []

    def call(self, *words: str) -> str:
        return self._run(words) if words[0] == "run" else self._engine.call(*words)

    def _run(self, words: Sequence[str]) -> str:
        for one in self._made:
            words = one.made_in(words)
        try:
            return self._engine.call(*words)
        except EngineFailed as error:
            conceded = _conceded(words, error.detail or error.message)
            if conceded is None:
                raise
            self._tell(f"note: {conceded.told}")
            self._made.append(conceded)
        self._engine.call("rm", "--force", "--volumes", words[words.index("--name") + 1])
        return self._run(words)


def _conceded(words: Sequence[str], reason: str) -> Concession | None:
    wanted = words[: _options_end(words)]
    return next(
        (one for one in CONCESSIONS if one.complaint in reason.lower() and {*one.options} & {*wanted}), None
    )


def _options_end(words: Sequence[str]) -> int:
    """Where our options end: all containers have a stop timeout, and what follows it may look alike."""
    return words.index("--stop-timeout") if "--stop-timeout" in words else len(words)
