"""Roles are there, and ECS may take them on for a task."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded

NAME = "roles"
SERVICE = "ecs-tasks.amazonaws.com"


def check(case: Case) -> Iterator[Item]:
    if case.execution_role:
        yield _guarded(case, case.execution_role)
    elif case.secrets():
        yield Item(
            NAME, "executionRoleArn", Verdict.NG, "none, and the agent needs one to read the secrets",
            "set executionRoleArn",
        )  # fmt: skip
    else:
        seen = (
            "none: the instance's own role pulls the image and writes the log"
            if case.repositories()
            else "none"
        )
        yield Item(NAME, "executionRoleArn", Verdict.SKIP, seen)
    if case.task_role and case.task_role != case.execution_role:
        yield _guarded(case, case.task_role)
    elif not case.task_role:
        yield Item(NAME, "taskRoleArn", Verdict.SKIP, "none: the container has no rights of its own")


def name_of(role: str) -> str:
    """The name in a role's ARN, without its path; task definitions may also hold the name alone."""
    return role.rpartition("/")[2]


def _guarded(case: Case, role: str) -> Item:
    return guarded(NAME, role, lambda: _item(case, role))


def _item(case: Case, role: str) -> Item:
    try:
        found = case.aws.iam.get_role(RoleName=name_of(role))["Role"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return Item(NAME, role, Verdict.NG, "no such role", "make it; scripts/policy prints its policies")
        raise
    if role.startswith("arn:") and found["Arn"] != role:
        return Item(NAME, role, Verdict.NG, f"the role of that name is {found['Arn']}", "use that ARN")
    trust = found["AssumeRolePolicyDocument"]
    conditional = assumable(json.loads(trust) if isinstance(trust, str) else trust)
    if conditional is None:
        return Item(
            NAME, role, Verdict.NG, f"its trust policy does not let {SERVICE} assume it",
            "scripts/policy prints a trust policy that does",
        )  # fmt: skip
    return Item(
        NAME, role, Verdict.OK, f"{SERVICE} may assume it{', under conditions' if conditional else ''}"
    )


def assumable(trust: Mapping[str, Any]) -> bool | None:
    """Whether ECS's assuming a role hangs on conditions; None: it may not."""
    statements = [s for s in _listed(trust.get("Statement")) if _about_ecs(s)]
    if any(s.get("Effect") == "Deny" and not s.get("Condition") for s in statements):
        return None
    allowed = [bool(s.get("Condition")) for s in statements if s.get("Effect") == "Allow"]
    return all(allowed) if allowed else None


def _about_ecs(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else _listed(principal)
    actions = [str(action).lower() for action in _listed(statement.get("Action"))]
    return bool({SERVICE, "*"} & set(services)) and any(fnmatch.fnmatch("sts:assumerole", a) for a in actions)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
