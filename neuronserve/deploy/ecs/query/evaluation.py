"""Whether an expression holds for an instance, and when not, which of its clauses do not."""

from __future__ import annotations

import dataclasses
import operator as compare
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from neuronserve.deploy.ecs.query import patterns, subjects
from neuronserve.deploy.ecs.query.tree import (
    LISTS,
    NEGATIVE,
    PATTERNS,
    And,
    Clause,
    Expression,
    Not,
    Operator,
    Or,
    clauses,
)

Values: TypeAlias = Callable[[str], "tuple[str, ...] | None"]
"""What an instance has for a subject: several for ``task:group``, () when it has none, None: not known."""

_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUALS: compare.eq,
    Operator.NOT_EQUALS: compare.eq,
    Operator.GREATER: compare.gt,
    Operator.GREATER_EQUAL: compare.ge,
    Operator.LESS: compare.lt,
    Operator.LESS_EQUAL: compare.le,
}


@dataclasses.dataclass(frozen=True)
class Failure:
    """A part of an expression that an instance does not satisfy, what it has instead, and maybe why."""

    clause: str
    actual: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"clause {self.clause}: {self.actual}{hint}"


def truth(tree: Expression, values: Values) -> bool | None:
    """Kleene's logic: None where what is not known would decide. Raises InvalidInput for endless patterns."""
    match tree:
        case Clause():
            return _holds(tree, values(tree.subject))
        case Not(of=part):
            inner = truth(part, values)
            return None if inner is None else not inner
        case And(of=parts):
            found = [truth(part, values) for part in parts]
            return False if False in found else None if None in found else True
        case Or(of=parts):
            found = [truth(part, values) for part in parts]
            return True if True in found else None if None in found else False


def matches(tree: Expression, attributes: Mapping[str, str]) -> bool:
    """Whether it holds for an instance with these attributes and nothing else: no tasks, no agent."""
    return truth(tree, lambda subject: _among(attributes, subject) or ()) is True


def may_match(tree: Expression, attributes: Mapping[str, str]) -> bool:
    """Whether it can hold for an instance that has these attributes, and others that are not known."""
    return truth(tree, lambda subject: _among(attributes, subject)) is not False


def _among(attributes: Mapping[str, str], subject: str) -> tuple[str, ...] | None:
    name = subject.removeprefix(subjects.ATTRIBUTE)
    return (attributes[name],) if name != subject and name in attributes else None


def failures(tree: Expression, values: Values) -> tuple[Failure, ...]:
    """The clauses that make it false; none when it holds, or when that is not known."""
    if truth(tree, values) is not False:
        return ()
    match tree:
        case Clause():
            return (_failure(tree, values),)
        case Not():
            return (Failure(str(tree), _what_is(tree, values)),)
        case And(of=parts) | Or(of=parts):
            return tuple(failure for part in parts for failure in failures(part, values))


def _holds(clause: Clause, values: tuple[str, ...] | None) -> bool | None:
    """An instance without a value satisfies no comparison, not even a negative one: so does ECS.

    (github.com/aws/containers-roadmap/issues/486: ``attribute:retiring != true`` selects no instance that
    lacks the attribute; ``not (attribute:retiring == true)`` does.) Of several values one is enough.
    """
    if values is None:
        return None
    if clause.operator is Operator.EXISTS:
        return bool(values)
    if clause.operator is Operator.NOT_EXISTS:
        return not values
    return any(_compares(clause, value) for value in values)


def _compares(clause: Clause, value: str) -> bool:
    positive = _positively(clause, value)
    return not positive if clause.operator in NEGATIVE else positive


def _positively(clause: Clause, value: str) -> bool:
    if clause.operator in PATTERNS:
        return patterns.matches(clause.arguments[0], value)
    key = subjects.of(clause.subject, clause.operator).key
    try:
        actual = key(value)
    except ValueError:  # what an instance reports may be of no such form
        return False
    if clause.operator in LISTS:
        return any(actual == key(argument) for argument in clause.arguments)
    return _ORDER[clause.operator](actual, key(clause.arguments[0]))


def _failure(clause: Clause, values: Values) -> Failure:
    found = values(clause.subject) or ()
    near = {argument.lower() for argument in clause.arguments} & {value.lower() for value in found}
    only_case = near and clause.operator in (Operator.EQUALS, Operator.IN)
    return Failure(str(clause), _actual(found), "differs only in case" if only_case else "")


def _actual(found: tuple[str, ...]) -> str:
    return f"it is {', '.join(found)}" if found else "it has none"


def _what_is(tree: Not, values: Values) -> str:
    if isinstance(tree.of, Clause):
        return _actual(values(tree.of.subject) or ())
    names = dict.fromkeys(clause.subject for clause in clauses(tree))
    return "; ".join(f"{name}: {_actual(values(name) or ())}" for name in names)
