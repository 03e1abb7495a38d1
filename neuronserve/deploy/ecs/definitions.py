"""Task definitions in files: one as an object, several as a list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.deploy import documents
from neuronserve.deploy.ecs.canonical import RESPONSE_ONLY
from neuronserve.deploy.findings import pointer
from neuronserve.errors import InvalidInput

_SUFFIXES = (".json", ".yaml", ".yml")
_DEEPEST = 32  # levels; the deepest member of a request is on the tenth


def is_file(target: str) -> bool:
    """Whether ``target`` means a file rather than a family or ARN: it exists, or is called like one."""
    if target == "-" or target.endswith(_SUFFIXES):
        return True
    try:
        return not Path(target).is_dir() and Path(target).exists()
    except (OSError, ValueError):  # too long for a name, or a NUL in it
        return False


def read(name: str) -> list[dict[str, Any]]:
    """The requests in a file, or what ``aws ecs describe-task-definition`` printed. Raises InvalidInput."""
    document = documents.read(name)
    items = document if isinstance(document, list) else [document]
    if not items:
        raise InvalidInput(f"{name}: an empty list: no task definition in it")
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            where = f"{name}#/{place}" if isinstance(document, list) else name
            raise InvalidInput(f"{where}: a task definition is an object, not {type(item).__name__}")
        fault = next(_faults(item, (place,) if isinstance(document, list) else ()), None)
        if fault:
            raise InvalidInput(f"{name}#{fault}")
    return [_request(item) for item in items]


def _request(item: dict[str, Any]) -> dict[str, Any]:
    described = item.get("taskDefinition")
    if isinstance(described, dict):
        item = {**described, **({"tags": item["tags"]} if item.get("tags") else {})}
    return {key: value for key, value in item.items() if key not in RESPONSE_ONLY}


def _faults(value: Any, steps: tuple[str | int, ...]) -> Iterator[str]:
    """What JSON could not say, or no request does: it is nowhere expected from here on."""
    if isinstance(value, (dict, list)) and len(steps) > _DEEPEST:
        yield f"{pointer(*steps[:3])}: nested too deeply: that is no task definition"
    elif isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                yield f"{pointer(*steps)}: the key {key!r} is no text: put it in quotes"
            yield from _faults(key, steps)
            yield from _faults(member, (*steps, str(key)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _faults(item, (*steps, place))
    elif isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            yield f"{pointer(*steps)}: half a character (a lone surrogate, \\ud800 to \\udfff)"
    elif not (value is None or isinstance(value, (bool, int)) or _finite(value)):
        yield f"{pointer(*steps)}: {type(value).__name__} is no value of JSON"


def _finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)
