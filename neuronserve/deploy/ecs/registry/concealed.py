"""Values that may be secrets, hidden before a difference is printed.

Secrets belong into ``secrets``; this is for those that somebody put elsewhere.
"""

from __future__ import annotations

import itertools
import re
from typing import Any, Final

from neuronserve.deploy.ecs.registry.difference import ABSENT, Change

HIDDEN: Final = "(hidden)"
OTHER: Final = "(hidden; another value)"

# Members that hold values by names that people chose.
_MAPS: Final = {
    "environment",
    "systemControls",
    "dockerLabels",
    "options",
    "driverOpts",
    "labels",
    "properties",
}
_NAMES: Final = re.compile(
    r"SECRET|TOKEN(?!IZ)|PASS|PWD|KEY|CREDENTIAL|PRIVATE|AUTH|SIGNATURE|COOKIE|DSN", re.IGNORECASE
)
_VALUES: Final = re.compile(
    r"""://[^/\s@]*:[^/\s@]+@                                   # a URL with a password
    | (?<!:)(?:passw(?:or)?d|pwd|secret|token|api[-_]?key|signature|credential)["']?\s*[:=]\s*\S
    | (?:--|\b)(?:password|secret|token|api-key)\s+\S
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY
    | \bBearer\s+\S""",
    re.IGNORECASE | re.VERBOSE,
)


def pair(old: Any, new: Any, steps: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """Both sides as they may be printed; ``steps`` lead to them, with items of sets by name.

    Two secrets that differ still look different.
    """
    if isinstance(old, dict) or isinstance(new, dict):
        return _objects(old, new, steps)
    if isinstance(old, list) or isinstance(new, list):
        return _lists(old, new, steps)
    if old is not ABSENT and new is not ABSENT and old != new and _secret(old, steps) and _secret(new, steps):
        return HIDDEN, OTHER
    return _hide(old, steps), _hide(new, steps)


def _objects(old: Any, new: Any, steps: tuple[str, ...]) -> tuple[Any, Any]:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return _one(old, steps), _one(new, steps)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = pair(old.get(key, ABSENT), new.get(key, ABSENT), (*steps, key))
        before |= {} if was is ABSENT else {key: was}
        after |= {} if now is ABSENT else {key: now}
    return {key: before[key] for key in old}, {key: after[key] for key in new}


def _lists(old: Any, new: Any, steps: tuple[str, ...]) -> tuple[Any, Any]:
    if not (isinstance(old, list) and isinstance(new, list)):
        return _one(old, steps), _one(new, steps)
    before = _one(old, steps)
    after = [
        pair(old[place], item, steps)[1] if place < len(old) else _one(item, steps)
        for place, item in enumerate(new)
    ]
    return before, after


def _one(value: Any, steps: tuple[str, ...]) -> Any:
    """A value that has nothing to compare with."""
    if isinstance(value, dict):
        return {key: _one(member, (*steps, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_one(item, steps) for item in value]
    return _hide(value, steps)


def _hide(value: Any, steps: tuple[str, ...]) -> Any:
    return HIDDEN if value is not ABSENT and _secret(value, steps) else value


def _secret(value: Any, steps: tuple[str, ...]) -> bool:
    named = any(step in _MAPS and _NAMES.search(name) for step, name in itertools.pairwise(steps))
    return named or (isinstance(value, str) and bool(_VALUES.search(value)))


def change(found: Change) -> dict[str, Any]:
    """A change as a document, without what is absent: ``{"pointer", "old", "new"}``."""
    old, new = pair(found.old, found.new, found.steps)
    sides = {"pointer": found.pointer, "old": old, "new": new}
    return {key: value for key, value in sides.items() if value is not ABSENT}
