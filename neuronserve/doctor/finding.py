"""What a check found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from neuronserve import exitcodes
from neuronserve.errors import NeuronserveError


class Level(StrEnum):
    """``WARN``: it may work, and a person should look. ``FAIL``: ``serve`` would end, or not serve."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line for a person (``message``) and one that says what to do (``fix``, may be empty).

    ``code`` is the word for machines. ``exit_code``: of ``exitcodes.py``, what ``serve`` would end with; 0
    unless it is a fault. ``data``: the same in JSON's types. ``check`` is set by those who run the checks.
    """

    level: Level
    message: str
    fix: str = ""
    code: str = ""
    exit_code: int = exitcodes.STOPPED
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    check: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return {**dataclasses.asdict(self), "level": self.level.lower()}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a check found, and what the checks after it may know: fields of ``Patient`` by name.

    ``goes_on``: those that need it can do their work in spite of its faults.
    """

    findings: tuple[Finding, ...]
    learned: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    goes_on: bool = False


def counted(number: int, noun: str) -> str:
    """``1 chip``, ``4 chips``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def ok(message: str, /, **data: Any) -> Finding:
    return Finding(Level.OK, message, data=data)


def note(message: str, fix: str = "", **data: Any) -> Finding:
    return Finding(Level.NOTE, message, fix, data=data)


def warn(message: str, fix: str = "", **data: Any) -> Finding:
    return Finding(Level.WARN, message, fix, data=data)


def skip(message: str) -> Finding:
    return Finding(Level.SKIP, message)


def fault(error: NeuronserveError, **data: Any) -> Finding:
    """The finding for what a start would end with."""
    message, fix = split_advice(error.message, error.hint)
    return Finding(Level.FAIL, message, fix, error.code, exitcodes.of(error), data)


def split_advice(message: str, hint: str = "") -> tuple[str, str]:
    """What was wrong and what to do, which settings' errors have in their message: ``...: expected ...``."""
    if hint:
        return message, hint
    message, _, expected = message.partition(": expected ")
    return message, f"expected {expected}" if expected else ""
