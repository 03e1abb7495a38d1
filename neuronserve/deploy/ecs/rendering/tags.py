"""The tags of a task definition that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.errors import InvalidInput


def settable(tags: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that people may set: AWS keeps the prefix ``aws:`` to itself, and refuses it in a request."""
    return [dict(tag) for tag in tags if not tag["key"].lower().startswith("aws:")]


def calls(arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The calls that give a revision the tags of ``new``: operation and parameters, in order."""
    before, after = _by_key(old), _by_key(new)
    gone = [key for key in before if key not in after]
    fresh = [{"key": key, "value": value} for key, value in after.items() if before.get(key) != value]
    wanted = (
        ("UntagResource", {"resourceArn": arn, "tagKeys": gone}, gone),
        ("TagResource", {"resourceArn": arn, "tags": fresh}, fresh),
    )
    return tuple((operation, parameters) for operation, parameters, needed in wanted if needed)


def _by_key(request: Mapping[str, Any]) -> dict[str, str]:
    tags = request.get("tags") or []
    for place, tag in enumerate(tags):
        if not (isinstance(tag, Mapping) and isinstance(tag.get("key"), str)):
            raise InvalidInput(f"/tags/{place}: not an object with key and value")
    return {tag["key"]: tag.get("value", "") for tag in settable(tags)}
