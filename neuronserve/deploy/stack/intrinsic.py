"""CloudFormation's functions, and policies in its words."""

from __future__ import annotations

import re
from typing import Any

from neuronserve.deploy.policy.place import Place

HERE = Place("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}", "${AWS::URLSuffix}")
NOTHING: dict[str, Any] = {"Ref": "AWS::NoValue"}

Resource = dict[str, Any]
Resources = dict[str, Resource]


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def get(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> dict[str, Any]:
    return {"Fn::Sub": text}


def when(condition: str, then: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": [condition, then, otherwise]}


def is_set(parameter: str) -> dict[str, Any]:
    """A condition: somebody gave the parameter."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def substituted(value: Any) -> Any:
    """A document whose texts name a template's things as ``${Name}``; IAM's own ``${*}`` stays IAM's."""
    if isinstance(value, dict):
        return {key: substituted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner) for inner in value]
    if isinstance(value, str) and "${" in value:
        if whole := re.fullmatch(r"\$\{([A-Za-z0-9:]+)\}", value):
            return ref(whole[1])
        escaped = re.sub(r"\$\{(?=[*?$]\})", "${!", value)
        # where nothing is left to fill in, the escape would be one too many
        return sub(escaped) if re.search(r"\$\{(?!!)", escaped) else value
    return value
