"""What is to be run, and the RunTask requests for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.tasks import definition, overrides
from neuronserve.deploy.findings import Severity
from neuronserve.errors import InvalidInput

MOST = 10  # tasks of one RunTask
_CONSTRAINTS, _STRATEGIES, _TOKEN = 10, 5, 64
_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{1,128}")


@dataclasses.dataclass(frozen=True)
class Run:
    """A run in the words of RunTask. ``strategy``: as AWS has it; ``capacity_providers``: their names.

    ``environment`` and ``command`` are for ``container``, None meaning the first essential one; ``given`` is
    a TaskOverride of one's own. ``token``: makes it safe to ask twice.
    """

    cluster: str = "default"
    count: int = 1
    constraints: tuple[str, ...] = ()
    distinct: bool = False
    strategy: tuple[Mapping[str, str], ...] = ()
    container: str | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: tuple[str, ...] = ()
    given: Any = dataclasses.field(default_factory=dict)
    group: str | None = None
    started_by: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    propagate_tags: bool = False
    capacity_providers: tuple[str, ...] = ()
    launch_type: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    public_ip: bool = False
    token: str | None = None


def check(run: Run) -> None:
    """What can be judged without a task definition. Raises InvalidInput."""
    if len(run.strategy) > _STRATEGIES:
        raise InvalidInput(f"{len(run.strategy)} strategies; ECS takes {_STRATEGIES}")
    for expression in run.constraints:
        query.parse(expression)
    if run.launch_type and run.capacity_providers:
        raise InvalidInput("--launch-type and --capacity-provider exclude each other")
    if run.started_by and not _STARTED_BY.fullmatch(run.started_by):
        raise InvalidInput("--started-by: 1 to 128 letters, digits, '-', '_' and '/'")
    _token(run, 0, 1)


def requests(run: Run, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """One RunTask request for each definition, all checked. Raises InvalidInput."""
    check(run)
    return [_request(run, target, _token(run, place, len(targets))) for place, target in enumerate(targets)]


def constraints(run: Run) -> list[dict[str, str]]:
    """RunTask's ``placementConstraints``."""
    found: list[dict[str, str]] = [{"type": "distinctInstance"}] if run.distinct else []
    return found + [{"type": "memberOf", "expression": expression} for expression in run.constraints]


def _token(run: Run, place: int, several: int) -> str | None:
    """Each request needs its own: ECS refuses a token that comes with other parameters."""
    token = run.token
    if token and several > 1:
        token = f"{token}-{place}"
    if token and (len(token) > _TOKEN or not all("!" <= sign <= "~" for sign in token)):
        raise InvalidInput(f"--client-token: at most {_TOKEN} printable ASCII characters, without spaces")
    return token


def _request(run: Run, target: Target, token: str | None) -> dict[str, Any]:
    _placeable(run, target.request)
    request: dict[str, Any] = {
        "cluster": run.cluster,
        "taskDefinition": target.name,
        "count": run.count,
        "placementConstraints": constraints(run),
        "placementStrategy": [dict(rule) for rule in run.strategy],
        "overrides": overrides.build(
            target.request,
            given=run.given,
            container=run.container,
            environment=run.environment,
            command=run.command,
        ),
        "networkConfiguration": _network(run, target.request),
        "capacityProviderStrategy": [{"capacityProvider": name} for name in run.capacity_providers],
        "launchType": run.launch_type,
        "group": run.group,
        "startedBy": run.started_by,
        "tags": [{"key": key, "value": value} for key, value in run.tags.items()],
        "propagateTags": "TASK_DEFINITION" if run.propagate_tags else None,
        "clientToken": token,
    }
    request = {key: value for key, value in request.items() if value not in (None, [], {})}
    for finding in shapes.findings("ecs", "RunTask", request):
        if finding.severity is Severity.ERROR:
            raise InvalidInput(f"RunTask#{finding.pointer}: {finding.message}", hint=finding.fix)
    return request


def _placeable(run: Run, request: Mapping[str, Any]) -> None:
    total = len(definition.constraints(request)) + len(constraints(run))
    if total > _CONSTRAINTS:
        raise InvalidInput(
            f"{total} placement constraints, the definition's included; ECS takes {_CONSTRAINTS}"
        )
    neuron = definition.chips(request) or definition.managed(request)
    if neuron and (run.launch_type == "FARGATE" or set(run.capacity_providers) & {"FARGATE", "FARGATE_SPOT"}):
        raise InvalidInput("Fargate has no Neuron chips", hint="run it on EC2 instances")
    if definition.managed(request) and run.launch_type:
        raise InvalidInput(
            "NeuronDevice is for ECS Managed Instances, which --launch-type rules out",
            hint="use --capacity-provider",
        )


def _network(run: Run, request: Mapping[str, Any]) -> dict[str, Any] | None:
    own_interface = request.get("networkMode") == "awsvpc"
    if own_interface != bool(run.subnets):
        mode = request.get("networkMode") or "bridge"
        if own_interface:
            raise InvalidInput("network mode awsvpc needs --subnet", hint="and --security-group")
        if run.subnets:
            raise InvalidInput(f"--subnet is for network mode awsvpc; the definition has {mode}")
    if not own_interface:
        if run.security_groups or run.public_ip:
            raise InvalidInput("--security-group and --public-ip are for network mode awsvpc")
        return None
    network: dict[str, Any] = {"subnets": list(run.subnets)}
    if run.security_groups:
        network["securityGroups"] = list(run.security_groups)
    if run.public_ip:
        network["assignPublicIp"] = "ENABLED"
    return {"awsvpcConfiguration": network}
