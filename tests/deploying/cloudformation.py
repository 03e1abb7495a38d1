"""What CloudFormation makes of a template's functions, as far as ours go."""

from __future__ import annotations

import re

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "digits",
}


def filled(value, names=None):
    """A part of a template with ``Ref`` and ``Fn::Sub`` of ``names`` filled in."""
    known = PSEUDO | (names or {})
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return known[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]*)\}", lambda found: _one(found[1], known), value["Fn::Sub"])
    return {key: filled(one, names) for key, one in value.items()}


def _one(name, known):
    """``${!Literal}`` is ``${Literal}``."""
    return f"${{{name[1:]}}}" if name.startswith("!") else known[name]
