"""A place in a document: the value there, whatever it is, and the JSON pointer to it.

Rules ask for what they need (``text``, ``number``, ``flag``, ``each()``) and get None, or nothing, where the
value is something else: its shape is another rule's subject. So no rule can fail on any JSON value.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.shapes import Unknown


class _Absent:
    pass


_ABSENT = _Absent()


@dataclasses.dataclass(frozen=True)
class Node:
    """``owner``: of a member that is absent, the pointer of what lacks it; findings point there."""

    value: Any
    pointer: str = ""
    owner: str | None = None

    def at(self, *steps: str) -> Node:
        """The place of a member, which may be absent."""
        node = self
        for step in steps:
            later = isinstance(node.value, Unknown)
            inner = node.value.get(step, _ABSENT) if isinstance(node.value, dict) else _ABSENT
            there = node.pointer if node.owner is None else node.owner
            owner = there if later or inner is _ABSENT else None
            node = Node(node.value if later else inner, node.pointer + pointer(step), owner)
        return node

    def each(self, *steps: str) -> Iterator[Node]:
        """The places of a list's items; none where there is no list, one unknown one where it is unknown."""
        node = self.at(*steps)
        if node.unknown:
            yield node
        if isinstance(node.value, (list, tuple)):
            for index, item in enumerate(node.value):
                yield Node(item, node.pointer + pointer(index))

    def members(self) -> Iterator[tuple[str, Node]]:
        """The members of an object whose keys are free, such as options."""
        if isinstance(self.value, dict):
            for key, item in self.value.items():
                yield str(key), Node(item, self.pointer + pointer(str(key)))

    def find(self, path: str) -> Iterator[Node]:
        """The places that a path leads to: ``containerDefinitions.*.healthCheck.interval``."""
        nodes = [self]
        for step in path.split("."):
            if step == "*":
                nodes = list(itertools.chain.from_iterable(node.each() for node in nodes))
            else:
                nodes = [node.at(step) for node in nodes]
        return (node for node in nodes if node.given)

    def may_have(self, path: str) -> bool:
        """Something on the path is known only later."""
        return any(node.unknown for node in self.find(path))

    @property
    def given(self) -> bool:
        return self.value is not _ABSENT and self.value is not None

    @property
    def unknown(self) -> bool:
        """Its value is known only later."""
        return isinstance(self.value, Unknown)

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> int | None:
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def flag(self) -> bool | None:
        return self.value if isinstance(self.value, bool) else None

    @property
    def size(self) -> int:
        """The number of a list's items; 0 where there is no list."""
        return len(self.value) if isinstance(self.value, (list, tuple)) else 0

    @property
    def texts(self) -> list[str]:
        """The strings of a list."""
        return [node.text for node in self.each() if node.text is not None]

    def error(self, code: str, message: str, fix: str = "") -> Finding:
        return self._finding(Severity.ERROR, code, message, fix)

    def warning(self, code: str, message: str, fix: str = "") -> Finding:
        return self._finding(Severity.WARNING, code, message, fix)

    def note(self, code: str, message: str, fix: str = "") -> Finding:
        return self._finding(Severity.NOTE, code, message, fix)

    def _finding(self, severity: Severity, code: str, message: str, fix: str) -> Finding:
        where = self.pointer if self.owner is None else self.owner
        return Finding(where, severity, code, message, fix)
