"""A template whose placeholders are not filled in: told once, and its values judged by no other rule.

Only what ECS itself reads shows that it is a template: a command, a health check or a label may hold
``${HOME}``, which the container's own programs understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.placeholders import hint, placeholders
from neuronserve.deploy.findings import Finding, Severity, pointer

_SHOWN = 4
_CONTAINERS_OWN = re.compile(
    r"/containerDefinitions/\d+/(command|entryPoint|environment|healthCheck|dockerLabels|systemControls"
    r"|firelensConfiguration|logConfiguration/options/(?!awslogs-)[^/]*)(/.*)?|/proxyConfiguration/.*|/tags/.*"
)
_READ_HERE = ("NEURON_", "SERVE_", "SAGEMAKER_", "MODEL_")  # variables that other rules judge
_VALUE = re.compile(r"/containerDefinitions/\d+/environment/\d+/value")


def filled_in(request: Any) -> tuple[Any, list[Finding]]:
    """The request with values that are known only later, and what is to be said of them."""
    try:
        places = list(_texts(request, ""))
    except RecursionError:  # nested without end: the rules judge it as it is
        return request, []
    ecs = {at: found for at, text in places if not _CONTAINERS_OWN.fullmatch(at)
           if (found := placeholders(text, angle=True))}  # fmt: skip
    if ecs:
        return _without(request, "", None), [_template(ecs)]
    texts = dict(places)
    whole = [
        at
        for at, text in places
        if _VALUE.fullmatch(at)
        and placeholders(text) == [text]
        and texts.get(f"{at.rpartition('/')[0]}/name", "").startswith(_READ_HERE)
    ]
    return _without(request, "", frozenset(whole)) if whole else request, [_variable(at) for at in whole]


def _template(places: dict[str, list[str]]) -> Finding:
    names = list(dict.fromkeys(name for found in places.values() for name in found))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding(
        next(iter(places)),
        Severity.ERROR,
        "placeholder",
        f"this is a template: {', '.join(names[:_SHOWN])}{more} {'are' if names[1:] else 'is'} not filled in",
        hint(names),
    )


def _variable(at: str) -> Finding:
    return Finding(
        at,
        Severity.WARNING,
        "placeholder",
        "ECS fills in nothing: the container gets this text as the value",
        "write the value, or read it from secrets",
    )


def _texts(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, at + pointer(str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts(item, at + pointer(index))


def _without(value: Any, at: str, places: frozenset[str] | None) -> Any:
    """With unknown values at ``places``; None: at all that have placeholders."""
    if isinstance(value, str):
        angle = not _CONTAINERS_OWN.fullmatch(at)
        later = bool(placeholders(value, angle=angle)) if places is None else at in places
        return shapes.UNKNOWN if later else value
    if isinstance(value, dict):
        return {key: _without(item, at + pointer(str(key)), places) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(item, at + pointer(index), places) for index, item in enumerate(value)]
    return value
