"""Task definitions in files: one as an object, several as a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuronserve.deploy import documents
from neuronserve.deploy.ecs import other_documents
from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY
from neuronserve.errors import InvalidInput

_SUFFIXES = (".json", ".yaml", ".yml")


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
    document = other_documents.read(name, documents.parse)
    items = document if isinstance(document, list) else [document]
    if not items:
        raise InvalidInput(f"{name}: an empty list: no task definition in it")
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            where = f"{name}#/{place}" if isinstance(document, list) else name
            raise InvalidInput(f"{where}: a task definition is an object, not {type(item).__name__}")
    return [_request(item) for item in items]


def _request(item: dict[str, Any]) -> dict[str, Any]:
    described = item.get("taskDefinition")
    if isinstance(described, dict):
        item = {**described, **({"tags": item["tags"]} if item.get("tags") else {})}
    return {key: value for key, value in item.items() if key not in RESPONSE_ONLY}
