"""What differs between two task definitions, once what ECS adds and reorders is out of the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from neuronserve.deploy.ecs.registry import sets
from neuronserve.deploy.ecs.registry.canonical import ROLES, canonical
from neuronserve.deploy.findings import pointer


class Absent(Enum):
    """The value of what is not there; JSON's null is another thing."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclasses.dataclass(frozen=True)
class Change:
    """One place where they differ.

    ``steps``: the way there, with items of sets by name: ``("containerDefinitions", "web", "image")``.
    ``old``, ``new``: ABSENT where there is nothing.
    """

    steps: tuple[str, ...]
    old: Any
    new: Any

    @property
    def pointer(self) -> str:
        return pointer(*self.steps)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The changes from one definition to another; none when ECS would make the same tasks of them.

    Both as registered, described or written; tags are part of them.
    """
    before, after = aligned(old, new)
    return list(_changes(sets.named(before), sets.named(after), ()))


def aligned(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both in canonical form; a role by name in one and by ARN in the other is the ARN in both."""
    before, after = canonical(old), canonical(new)
    for role in ROLES:
        names = (before.get(role), after.get(role))
        arns = [name for name in names if isinstance(name, str) and name.startswith("arn:")]
        if len(arns) == 1 and arns[0].partition(":role/")[2] in names:
            before[role] = after[role] = arns[0]
    return before, after


def _changes(old: Any, new: Any, steps: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _changes(old.get(key, ABSENT), new.get(key, ABSENT), (*steps, str(key)))
    elif not _equal(old, new):
        yield Change(steps, old, new)


def _equal(old: Any, new: Any) -> bool:
    """Equal as JSON: to Python, True is 1 and 1.0."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_equal(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_equal(old[key], new[key]) for key in old)
    return type(old) is type(new) and bool(old == new)
