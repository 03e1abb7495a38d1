"""RegisterTaskDefinition requests as CloudFormation resources.

CloudFormation has the same tree with a capital first letter, but for the names below; the keys of maps
(log options, labels) are values of the user's and stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TYPE = "AWS::ECS::TaskDefinition"

_NAMES = {
    "efsVolumeConfiguration": "EFSVolumeConfiguration",
    "fileSystemId": "FilesystemId",
    "fsxWindowsFileServerVolumeConfiguration": "FSxWindowsFileServerVolumeConfiguration",
}
_MAPS = frozenset({"options", "dockerLabels", "driverOpts", "labels"})


def resource(request: dict[str, Any]) -> dict[str, Any]:
    """``{"Type": "AWS::ECS::TaskDefinition", "Properties": {...}}``."""
    return {"Type": TYPE, "Properties": _renamed(request)}


def template(requests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A whole template: a resource and an output with the ARN for each request."""
    names = [_logical(request["family"]) for request in requests]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "ECS task definitions: " + ", ".join(request["family"] for request in requests),
        "Resources": {name: resource(request) for name, request in zip(names, requests, strict=True)},
        "Outputs": {
            f"{name}Arn": {"Description": f"ARN of {request['family']}", "Value": {"Ref": name}}
            for name, request in zip(names, requests, strict=True)
        },
    }


def _logical(family: str) -> str:
    """A logical ID: letters and digits."""
    words = family.replace("_", "-").split("-")
    return "TaskDefinition" + "".join(word[:1].upper() + word[1:] for word in words)


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _NAMES.get(key, key[:1].upper() + key[1:]): inner if key in _MAPS else _renamed(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    return value
