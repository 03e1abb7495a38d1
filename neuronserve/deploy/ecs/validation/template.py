"""Task definitions in CloudFormation templates, as requests: what ECS will be asked when the stack is made.

Names get their camelCase back from botocore's model. Scalars are read as CloudFormation reads them,
``"8080"`` as a number where one is needed. Intrinsic functions become values that are known only later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.forms.cloudformation import TYPE
from neuronserve.deploy.findings import pointer

_ABSENT = {"Ref": "AWS::NoValue"}
_OTHER_NAMES = {"proxyconfigurationproperties": "properties"}
_BOOLEANS = {"true": True, "false": False}


def resources(document: Any) -> Iterator[tuple[str, Any, str]]:
    """Logical ID, properties and their pointer of each task definition in a template, or of one resource."""
    if not isinstance(document, dict):
        return
    if document.get("Type") == TYPE:
        yield "", document.get("Properties", {}), pointer("Properties")
    inner = document.get("Resources")
    for name, resource in inner.items() if isinstance(inner, dict) else ():
        if isinstance(resource, dict) and resource.get("Type") == TYPE:
            yield str(name), resource.get("Properties", {}), pointer("Resources", str(name), "Properties")


def is_template(document: Any) -> bool:
    return isinstance(document, dict) and (
        isinstance(document.get("Resources"), dict) or document.get("Type") == TYPE
    )


def request(properties: Any, at: str) -> tuple[Any, dict[str, str]]:
    """The RegisterTaskDefinition request that CloudFormation makes, and where in the template its parts are.

    Without a Family CloudFormation makes a name up.
    """
    places: dict[str, str] = {"": at}
    shape = shapes.operation_model("ecs", "RegisterTaskDefinition").input_shape
    made = _converted(properties, shape, "", at, places)
    if isinstance(made, dict):
        made.setdefault("family", shapes.UNKNOWN)
    return made, places


def _converted(value: Any, shape: Shape | None, to: str, at: str, places: dict[str, str]) -> Any:
    places[to] = at
    if _is_function(value) or (isinstance(value, str) and "{{resolve:" in value):
        return shapes.UNKNOWN
    if isinstance(value, dict):
        made = {}
        for key, item in value.items():
            name, inner = _member(str(key), shape)
            if item != _ABSENT:
                made[name] = _converted(item, inner, to + pointer(name), at + pointer(str(key)), places)
        return made
    if isinstance(value, list):
        inner = shape.member if isinstance(shape, ListShape) else None
        return [
            _converted(item, inner, to + pointer(index), at + pointer(index), places)
            for index, item in enumerate(value)
            if item != _ABSENT
        ]
    return _scalar(value, shape)


def _is_function(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = next(iter(value))
    return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))


def _member(key: str, shape: Shape | None) -> tuple[str, Shape | None]:
    if isinstance(shape, MapShape):
        return key, shape.value
    if isinstance(shape, StructureShape):
        plain = _OTHER_NAMES.get(key.lower(), key.lower())
        for name, inner in shape.members.items():
            if name.lower() == plain:
                return name, inner
    return key, None


def _scalar(value: Any, shape: Shape | None) -> Any:
    kind = shape.type_name if shape else ""
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    if (
        kind in ("integer", "long")
        and isinstance(value, str)
        and re.fullmatch(r"-?\d{1,18}", value, re.ASCII)
    ):
        return int(value)
    if kind == "boolean" and isinstance(value, str):
        return _BOOLEANS.get(value.lower(), value)
    return value
