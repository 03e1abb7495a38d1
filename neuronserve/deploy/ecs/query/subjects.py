"""What an expression can ask about, with which operators, and how its values compare.

The lists of operators are those of AWS's page. It gives none for ``attribute:NAME`` and ``task:group``: the
first takes all, the second those that make sense for a set of names.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from neuronserve.deploy.ecs.query.tree import EXISTENCE, PATTERNS, Operator

ATTRIBUTE = "attribute:"

_EQUALITY = frozenset({Operator.EQUALS, Operator.NOT_EQUALS})
_ORDER = frozenset({Operator.GREATER, Operator.GREATER_EQUAL, Operator.LESS, Operator.LESS_EQUAL})
_MEMBERSHIP = frozenset({Operator.IN, Operator.NOT_IN})
_ORDERED = _EQUALITY | _ORDER
_TEXT = _EQUALITY | _MEMBERSHIP | PATTERNS


@dataclasses.dataclass(frozen=True)
class Subject:
    """``key`` turns a value's text into what is compared, and raises ValueError saying what it should be."""

    operators: frozenset[Operator]
    key: Callable[[str], Any]


def _boolean(text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower()


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("a whole number")
    return int(text)


def version(text: str) -> tuple[int, ...]:
    """``1.104.0`` as numbers, without zeros at the end: 1.14 is 1.14.0. A suffix such as -dev is ignored."""
    found = re.match(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,7})(?![0-9.])", text)
    if not found:
        raise ValueError("a version such as 1.14.5")
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def instant(text: str) -> dt.datetime:
    """A time of one of AWS's four forms, to the second; UTC where it says none, midnight for a date alone."""
    form = "a time such as 2018-06-18T22:28:28Z, or a date"
    if not _INSTANT.fullmatch(text):
        raise ValueError(form)
    try:
        read = dt.datetime.fromisoformat(text)
        known = read if read.tzinfo else read.replace(tzinfo=dt.UTC)
        return known.astimezone(dt.UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise ValueError(form) from None


@dataclasses.dataclass(frozen=True, order=True)
class _Natural:
    """Numbers compare as numbers and sort before other text, which compares by its characters."""

    textual: bool
    number: float
    text: str


def _natural(text: str) -> _Natural:
    if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text):
        return _Natural(textual=False, number=float(text), text="")
    return _Natural(textual=True, number=0, text=text)


FIELDS = {
    "agentConnected": Subject(_TEXT, _boolean),
    "agentVersion": Subject(_ORDERED, version),
    "ec2InstanceId": Subject(_TEXT, str),
    "registeredAt": Subject(_ORDERED, instant),
    "runningTasksCount": Subject(_ORDERED, _count),
    "task:group": Subject(_TEXT | EXISTENCE, str),
}
_ATTRIBUTES = Subject(frozenset(Operator), str)
_ATTRIBUTES_IN_ORDER = Subject(frozenset(Operator), _natural)
NAMES = (
    "attribute:NAME, agentConnected, agentVersion, ec2InstanceId, registeredAt, runningTasksCount, task:group"
)

_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")


def of(name: str, operator: Operator) -> Subject:
    """The subject as the operator sees it: == compares attributes as text, > and < numbers as numbers."""
    if name.startswith(ATTRIBUTE):
        return _ATTRIBUTES_IN_ORDER if operator in _ORDER else _ATTRIBUTES
    return FIELDS[name]


def known(name: str) -> bool:
    if name.startswith(ATTRIBUTE):
        return _ATTRIBUTE_NAME.fullmatch(name[len(ATTRIBUTE) :]) is not None
    return name in FIELDS
