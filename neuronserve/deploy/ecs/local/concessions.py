"""Options that an engine or machine cannot honour, and that a trial can do without."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Concession:
    """``complaint``: a part of the engine's reason. ``option`` is then left out; ``value``: it has one."""

    complaint: str
    option: str
    value: bool
    told: str


CONCESSIONS = (
    Concession(
        "container-init binary not found", "--init", value=False,
        told="podman has no init program on this machine (package catatonit): started without one",
    ),
    Concession(
        "rlimit", "--ulimit", value=True,
        told="this machine lets no container raise its limits: the ulimits are the engine's own",
    ),
    Concession(
        "range of cpus is from", "--cpus", value=True,
        told="this machine has fewer CPUs than the task asks for: it may use all of them",
    ),
)  # fmt: skip


def without(words: Sequence[str], reason: str) -> tuple[list[str], str] | None:
    """The engine's words without the option that ``reason`` is about, and what to tell; None: none is."""
    for one in CONCESSIONS:
        if one.complaint in reason.lower() and one.option in words:
            return _dropped(words, one), one.told
    return None


def _dropped(words: Sequence[str], one: Concession) -> list[str]:
    """Every such option goes. What follows the image may look alike, and only ever comes later."""
    kept, at = [], 0
    options = _options_end(words)
    while at < len(words):
        if words[at] == one.option and at < options:
            at += 2 if one.value else 1
        else:
            kept.append(words[at])
            at += 1
    return kept


def _options_end(words: Sequence[str]) -> int:
    """Where the last option we write stands: all containers have a stop timeout, near the end."""
    return words.index("--stop-timeout") if "--stop-timeout" in words else len(words)
