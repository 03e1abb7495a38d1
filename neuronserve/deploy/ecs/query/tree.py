"""An expression of the cluster query language, as a tree of frozen values.

``str`` of a tree is an expression that reads as the same tree.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias


class Operator(StrEnum):
    """By the sign; each has a word too (``operator(word)`` in ``reading.py``)."""

    EQUALS = "=="
    NOT_EQUALS = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EXISTS = "exists"
    NOT_EXISTS = "!exists"
    IN = "in"
    NOT_IN = "!in"
    MATCHES = "=~"
    NOT_MATCHES = "!~"


LISTS = frozenset({Operator.IN, Operator.NOT_IN})
EXISTENCE = frozenset({Operator.EXISTS, Operator.NOT_EXISTS})
PATTERNS = frozenset({Operator.MATCHES, Operator.NOT_MATCHES})
NEGATIVE = frozenset({Operator.NOT_EQUALS, Operator.NOT_IN, Operator.NOT_MATCHES})


@dataclasses.dataclass(frozen=True)
class Clause:
    """``subject operator [argument]``; several arguments only with ``in`` and ``!in``."""

    subject: str
    operator: Operator
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.operator in EXISTENCE:
            return f"{self.subject} {self.operator}"
        written = ", ".join(_written(argument) for argument in self.arguments)
        return f"{self.subject} {self.operator} {f'[{written}]' if self.operator in LISTS else written}"


@dataclasses.dataclass(frozen=True)
class Not:
    of: Expression

    def __str__(self) -> str:
        return f"not ({self.of})"


@dataclasses.dataclass(frozen=True)
class And:
    of: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(_operand(part) for part in self.of)


@dataclasses.dataclass(frozen=True)
class Or:
    of: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(_operand(part) for part in self.of)


Expression: TypeAlias = Clause | Not | And | Or


def clauses(tree: Expression) -> Iterator[Clause]:
    """All clauses, from left to right."""
    match tree:
        case Clause():
            yield tree
        case Not(of=part):
            yield from clauses(part)
        case And(of=parts) | Or(of=parts):
            for part in parts:
                yield from clauses(part)


def _operand(part: Expression) -> str:
    return f"({part})" if isinstance(part, (And, Or)) else str(part)


_BARE = re.compile(r"[\w.:/@*+\\-]+", re.ASCII)  # what needs no quotes, as a word or as a regular expression


def _written(argument: str) -> str:
    if _BARE.fullmatch(argument) and not argument.endswith("\\"):
        return argument
    return f'"{argument}"' if "'" in argument else f"'{argument}'"
