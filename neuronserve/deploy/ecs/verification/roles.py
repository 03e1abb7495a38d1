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
    if not conditional:
        return Item(NAME, role, Verdict.OK, f"{SERVICE} may assume it")
    return _under_conditions(case, role, found["Arn"], json.loads(trust) if isinstance(trust, str) else trust)


def _under_conditions(case: Case, role: str, arn: str, trust: Mapping[str, Any]) -> Item:
    """For tasks of this account and region, where the conditions are those that name the source."""
    account = arn.split(":")[4]
    source = f"arn:{arn.split(':')[1]}:ecs:{case.aws.region}:{account}:task"
    allowed = [s for s in _listed(trust.get("Statement")) if _about_ecs(s) and s.get("Effect") == "Allow"]
    met = [_met(s.get("Condition") or {}, account, source) for s in allowed]
    if True in met:
        return Item(
            NAME, role, Verdict.OK, f"{SERVICE} may assume it for tasks of {account} in {case.aws.region}"
        )
    if None in met:
        seen = f"{SERVICE} may assume it under conditions that were not looked at"
        return Item(NAME, role, Verdict.SKIP, seen)
    return Item(
        NAME, role, Verdict.NG, f"its trust policy does not let {SERVICE} assume it for tasks here",
        "scripts/policy prints a trust policy that does",
    )  # fmt: skip


def _met(condition: Mapping[str, Any], account: str, source: str) -> bool | None:
    """Whether conditions on the source of the request hold for a task; None: there are others."""
    verdicts: list[bool | None] = []
    for operator, keys in condition.items():
        for key, values in keys.items() if operator in _COMPARED else [("", ())]:
            if key.lower() == "aws:sourceaccount":
                verdicts.append(any(fnmatch.fnmatchcase(account, str(value)) for value in _listed(values)))
            elif key.lower() == "aws:sourcearn":
                sources = [_covers(str(value), source) for value in _listed(values)]
                verdicts.append(True if True in sources else None if None in sources else False)
            else:
                verdicts.append(None)
    return False if False in verdicts else None if None in verdicts else True


_COMPARED = frozenset({"StringEquals", "StringLike", "ArnLike", "ArnEquals"})


def _covers(pattern: str, source: str) -> bool | None:
    """Whether the pattern of an ARN covers all tasks of a place; None: it may cover some of them."""
    *wanted, rest = pattern.split(":", 5)
    *actual, _ = source.split(":", 5)
    if len(wanted) != len(actual):
        return True if pattern == "*" else None
    if not all(map(fnmatch.fnmatchcase, actual, wanted)):
        return False
    return True if rest == "*" else None


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
