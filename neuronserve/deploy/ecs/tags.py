"""The tags of a task definition that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.errors import InvalidInput


def settable(tags: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that people may set: AWS keeps the prefix ``aws:`` to itself, and refuses it in a request."""
    return [dict(tag) for tag in tags if not tag["key"].lower().startswith("aws:")]


def put(aws: Aws, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Give a revision the tags of ``new``, and take those away that only ``old`` has."""
    before, after = _by_key(old), _by_key(new)
    gone = [key for key in before if key not in after]
    fresh = {key: value for key, value in after.items() if before.get(key) != value}
    if gone:
        aws.ecs.untag_resource(resourceArn=arn, tagKeys=gone)
    if fresh:
        aws.ecs.tag_resource(
            resourceArn=arn, tags=[{"key": key, "value": value} for key, value in fresh.items()]
        )


def _by_key(request: Mapping[str, Any]) -> dict[str, str]:
    tags = request.get("tags") or []
    for place, tag in enumerate(tags):
        if not (isinstance(tag, Mapping) and isinstance(tag.get("key"), str)):
            raise InvalidInput(f"/tags/{place}: not an object with key and value")
    return {tag["key"]: tag.get("value", "") for tag in settable(tags)}
