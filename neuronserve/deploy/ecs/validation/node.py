"""A place in a document: the value there, whatever it is, and the JSON pointer to it.

Rules ask for what they need (``text``, ``number``, ``flag``, ``each()``) and get None, or nothing, where the
value is something else: its shape is another rule's subject. So no rule can fail on any JSON value.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

from neuronserve.deploy.ecs.shapes import Unknown
from neuronserve.deploy.findings import Finding, Severity, pointer


class _Absent:
    pass


_ABSENT = _Absent()


@dataclasses.dataclass(frozen=True)
class Node:
    value: Any
    pointer: str = ""

    def at(self, *steps: str) -> Node:
        """The place of a member, which may be absent."""
        node = self
        for step in steps:
            inner = node.value.get(step, _ABSENT) if isinstance(node.value, dict) else _ABSENT
            inner = node.value if isinstance(node.value, Unknown) else inner
            node = Node(inner, node.pointer + pointer(step))
        return node

    def each(self, *steps: str) -> Iterator[Node]:
        """The places of a list's items; none where there is no list."""
        node = self.at(*steps)
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
        return Finding(self.pointer, Severity.ERROR, code, message, fix)

    def warning(self, code: str, message: str, fix: str = "") -> Finding:
        return Finding(self.pointer, Severity.WARNING, code, message, fix)

    def note(self, code: str, message: str, fix: str = "") -> Finding:
        return Finding(self.pointer, Severity.NOTE, code, message, fix)
