"""Task definitions in files: one as an object, several as a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuronserve.deploy import documents
from neuronserve.deploy.ecs.canonical import RESPONSE_ONLY
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
        if _deeper(item, _DEEPEST):
            raise InvalidInput(f"{name}: nested too deeply: that is no task definition")
    return [_request(item) for item in items]


def _request(item: dict[str, Any]) -> dict[str, Any]:
    described = item.get("taskDefinition")
    if isinstance(described, dict):
        item = {**described, **({"tags": item["tags"]} if item.get("tags") else {})}
    return {key: value for key, value in item.items() if key not in RESPONSE_ONLY}


def _deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists are nested in more levels than these."""
    if not isinstance(value, (dict, list)):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(member, levels - 1) for member in members)
