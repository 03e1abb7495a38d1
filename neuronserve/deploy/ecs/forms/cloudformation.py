"""RegisterTaskDefinition requests as CloudFormation resources.

CloudFormation has the same tree with a capital first letter, but for the names below; the keys of maps
(log options, labels) are the user's own and stay. ECS takes a role by its name too, CloudFormation by its ARN
only. Source: the schema of AWS::ECS::TaskDefinition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuronserve.errors import InvalidInput

TYPE = "AWS::ECS::TaskDefinition"
MAX_DESCRIPTION = 1024  # bytes

_NAMES = {
    ("volumes", "efsVolumeConfiguration"): "EFSVolumeConfiguration",
    ("volumes", "fsxWindowsFileServerVolumeConfiguration"): "FSxWindowsFileServerVolumeConfiguration",
    ("volumes", "s3filesVolumeConfiguration"): "S3FilesVolumeConfiguration",
    ("efsVolumeConfiguration", "fileSystemId"): "FilesystemId",
    ("authorizationConfig", "iam"): "IAM",
    ("proxyConfiguration", "properties"): "ProxyConfigurationProperties",
}
_MAPS = frozenset({"options", "dockerLabels", "driverOpts", "labels"})
_ABSENT = frozenset({"trustedExecutionConfiguration"})
_ROLES = ("ExecutionRoleArn", "TaskRoleArn")


def resource(request: dict[str, Any]) -> dict[str, Any]:
    """``{"Type": "AWS::ECS::TaskDefinition", "Properties": {...}}``.

    Raises InvalidInput for what CloudFormation's resource has not.
    """
    for name in sorted(_ABSENT & request.keys()):
        raise InvalidInput(f"{request.get('family', 'a task definition')}: CloudFormation has no {name}")
    properties = _renamed(request, "")
    properties |= {name: _arn(properties[name]) for name in _ROLES if name in properties}
    return {"Type": TYPE, "Properties": properties}


def template(requests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A whole template: a resource for each request, and its ARN as an output."""
    families = [str(request["family"]) for request in requests]
    logical = _logical(families)
    description = f"ECS task definitions for Neuron: {', '.join(families)}"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description.encode()[:MAX_DESCRIPTION].decode(errors="ignore"),
        "Resources": {name: resource(request) for name, request in zip(logical, requests, strict=True)},
        "Outputs": {
            f"{name}Arn": {"Description": f"The ARN of {family}", "Value": {"Ref": name}}
            for name, family in zip(logical, families, strict=True)
        },
    }


def _arn(role: str) -> str | dict[str, str]:
    """A role's ARN; of a name the one in the stack's own account."""
    if role.startswith("arn:"):
        return role
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{role.removeprefix('/')}"}


def _logical(families: Sequence[str]) -> list[str]:
    """Logical IDs, of letters and digits: ``TaskDefinition``, or ``TaskDefinition0`` and on."""
    if len(families) == 1:
        return ["TaskDefinition"]
    return [f"TaskDefinition{number}" for number in range(len(families))]


def _renamed(value: Any, parent: str) -> Any:
    if isinstance(value, dict):
        return {
            _NAMES.get((parent, key), key[:1].upper() + key[1:]): inner
            if key in _MAPS
            else _renamed(inner, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, parent) for inner in value]
    return value
