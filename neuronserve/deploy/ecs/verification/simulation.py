"""What a role may do, as IAM's policy simulator says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs.verification import roles


@dataclasses.dataclass(frozen=True)
class Right:
    """``what``: for a person. ``context``: condition keys with the values that the request will have."""

    what: str
    actions: tuple[str, ...]
    resource: str = "*"
    context: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)


def denied(aws: Aws, role: str, right: Right) -> list[str]:
    """The actions that the role's policies do not allow, with IAM's word for it. Raises ClientError.

    Policies of the resource itself, such as a bucket's or a key's, are not part of it.
    """
    pages = aws.iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn(aws, role),
        ActionNames=list(right.actions),
        ResourceArns=[right.resource],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in right.context.items()
        ],
    )
    return [
        f"{result['EvalActionName']} ({result['EvalDecision']})"
        for page in pages
        for result in page["EvaluationResults"]
        if result["EvalDecision"] != "allowed"
    ]


def arn(aws: Aws, role: str) -> str:
    """The simulator takes ARNs; a task definition may hold the name alone."""
    if role.startswith("arn:"):
        return role
    return aws.iam.get_role(RoleName=roles.name_of(role))["Role"]["Arn"]


def all_denied(aws: Aws, role: str, rights: Sequence[Right]) -> dict[str, list[str]]:
    """Of several rights, those that the role has not, by what they are for."""
    judged = {right.what: denied(aws, role, right) for right in rights}
    return {what: actions for what, actions in judged.items() if actions}
