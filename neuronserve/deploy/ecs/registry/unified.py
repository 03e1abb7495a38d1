"""A difference of task definitions as a unified diff: for a person."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from neuronserve.deploy.ecs.registry import concealed, sets
from neuronserve.deploy.ecs.registry.difference import aligned
from neuronserve.deploy.findings import pointer

_CONTEXT: Final = 3
_COLOURS: Final = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m", "---": "\x1b[1m", "+++": "\x1b[1m"}
_PLAIN: Final = "\x1b[0m"

Line = tuple[str, str]  # how it looks, and the pointer of where it is


def lines(
    old: Mapping[str, Any] | None, new: Mapping[str, Any], *, names: tuple[str, str], colour: bool = False
) -> list[str]:
    """The diff's lines; none when both mean the same. ``old`` None: there is nothing to compare with.

    Both sides are shown in canonical form, with containers, variables and so on by name.
    """
    before, after = aligned(old or {}, new)
    was, now = concealed.pair(sets.named(before), sets.named(after))
    found = list(_diff(list(_printed(was)) if old is not None else [], list(_printed(now))))
    if not found:
        return []
    told = [f"--- {names[0]}", f"+++ {names[1]}", *found]
    return [_coloured(line) for line in told] if colour else told


def _diff(old: list[Line], new: list[Line]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        tag, first_old, _, first_new, _ = next(code for code in group if code[0] != "equal")
        where = old[first_old][1] if tag == "delete" else new[first_new][1]
        yield f"@@ -{_range(i1, i2)} +{_range(j1, j2)} @@ {where}".rstrip()
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (f" {text}" for text, _ in old[a:b])
                continue
            yield from (f"-{text}" for text, _ in old[a:b])
            yield from (f"+{text}" for text, _ in new[c:d])


def _range(start: int, stop: int) -> str:
    count = stop - start
    return f"{start + 1 if count else start},{count}"


def _printed(value: Any, steps: tuple[str, ...] = (), label: str = "", end: str = "") -> Iterator[Line]:
    """JSON with sorted keys and no commas, so that the last line of an object is like any other."""
    indent = "  " * len(steps)
    if not isinstance(value, dict) or not value:
        yield f"{indent}{label}{json.dumps(value, ensure_ascii=False, default=str)}{end}", pointer(*steps)
        return
    yield f"{indent}{label}{{", pointer(*steps)
    for key, member in sorted(value.items()):
        yield from _printed(member, (*steps, str(key)), f"{json.dumps(str(key), ensure_ascii=False)}: ")
    yield f"{indent}}}", pointer(*steps)


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:3], _COLOURS.get(line[:1]))
    return f"{colour}{line}{_PLAIN}" if colour else line
