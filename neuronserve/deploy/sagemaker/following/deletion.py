"""Deleting an endpoint with all that belongs to it, and nothing that belongs to others."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import alarms, live, logtail, sending, using
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.deploy.sagemaker.following.planning import Call
from neuronserve.deploy.sagemaker.following.using import Users
from neuronserve.errors import TimedOut

_EVERY = 5.0  # seconds
_AGAIN = "`scripts/sagemaker delete` again removes what is left"


@dataclasses.dataclass(frozen=True)
class Plan:
    """``calls``: in order, the endpoint's own among them if there is one. ``kept``: what stays, and why.
    ``left``: what is not SageMaker's and stays, such as captured data.
    """

    endpoint: str
    calls: tuple[Call, ...]
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def plan(aws: Aws, endpoint: str, *, logs: bool = False) -> Plan:
    """Looks, and changes nothing. An endpoint that is gone may have left something behind."""
    found, users = live.endpoint(aws, endpoint), using.users(aws)
    mine = _configs(aws, endpoint, found, users)
    shared = [name for name in mine if users.of_config(name, endpoint)]
    gone = [name for name in mine if name not in shared]
    kept = [
        f"endpoint configuration {name}: {', '.join(sorted(users.of_config(name, endpoint)))} has it"
        for name in shared
    ]
    named = {model for name in gone for model in using.models(users.described.get(name, {}))}
    models = []
    for model in sorted(named | set(using.made_models(aws, endpoint))):
        if by := users.of_model(model, gone):
            kept.append(f"model {model}: {', '.join(by)} has it")
        elif live.model(aws, model):
            models.append(model)
    configs = [users.described[name] for name in mine if name in users.described]
    calls: list[Call] = [
        *_scaling(aws, endpoint, [*([found] if found else []), *configs]),
        *([("DeleteEndpoint", {"EndpointName": endpoint})] if found else []),
        *(("DeleteEndpointConfig", {"EndpointConfigName": name}) for name in gone if name in users.described),
        *(("DeleteModel", {"ModelName": name}) for name in models),
        *_alarms(aws, endpoint),
    ]
    group = _group(aws, endpoint)
    if group and logs:
        calls.append(("DeleteLogGroup", {"logGroupName": group}))
    left = [
        *_data(configs),
        *([f"the log group {group} (--logs deletes it too)"] if group and not logs else []),
    ]
    return Plan(endpoint, tuple(calls), tuple(kept), tuple(left))


def delete(desk: Desk, planned: Plan, seconds: float) -> None:
    """Carries the plan out; waits until the endpoint is gone before its configuration goes."""
    try:
        for call in planned.calls:
            desk.say(f"{planned.endpoint}: {call[0]} {_what(call)}")
            sending.in_turn(desk, planned.endpoint, call, seconds)
            if call[0] == "DeleteEndpoint":
                _wait(desk, planned.endpoint, seconds)
    except TimedOut:
        raise
    except (Exception, KeyboardInterrupt):
        desk.say(f"{planned.endpoint}: {_AGAIN}")
        raise


def _wait(desk: Desk, endpoint: str, seconds: float) -> None:
    desk.until(
        lambda: live.endpoint(desk.aws, endpoint) is None or None,
        what=f"end of endpoint {endpoint}",
        seconds=seconds,
        every=_EVERY,
        hint=f"it goes on; {_AGAIN}",
    )


def _configs(aws: Aws, endpoint: str, found: Described | None, users: Users) -> list[str]:
    """The endpoint's own, whoever made it, and those that were made for it."""
    serving = [name for name, those in users.configs.items() if endpoint in those]
    own = [found["EndpointConfigName"]] if found and found.get("EndpointConfigName") else []
    return list(dict.fromkeys([*own, *serving, *using.made_configs(aws, endpoint, users.described)]))


def _scaling(aws: Aws, endpoint: str, described: Iterable[Described]) -> list[Call]:
    """Deregistering a target takes its policies and their alarms with it."""
    names = {one["VariantName"] for item in described for one in item.get("ProductionVariants") or ()}
    ids = [f"endpoint/{endpoint}/variant/{name}" for name in sorted(names)]
    if not ids:
        return []
    pages = aws.scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", ResourceIds=ids
    )
    members = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    return [
        ("DeregisterScalableTarget", {member: target[member] for member in members})  # type: ignore[literal-required]  # members are literals of it
        for page in pages
        for target in page["ScalableTargets"]
    ]


def _alarms(aws: Aws, endpoint: str) -> list[Call]:
    pages = aws.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=alarms.prefix(endpoint), AlarmTypes=["MetricAlarm"]
    )
    found = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    return [("DeleteAlarms", {"AlarmNames": found})] if found else []


def _group(aws: Aws, endpoint: str) -> str | None:
    name = logtail.group(endpoint)
    pages = aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return name if any(one["logGroupName"] == name for page in pages for one in page["logGroups"]) else None


def _data(configs: Sequence[Described]) -> list[str]:
    """What endpoints wrote to S3, which is nobody's but the user's."""
    found: dict[str, None] = {}
    for config in configs:
        if uri := (config.get("DataCaptureConfig") or {}).get("DestinationS3Uri"):
            found[f"captured data below {uri}"] = None
        output = (config.get("AsyncInferenceConfig") or {}).get("OutputConfig") or {}
        for member, what in (("S3OutputPath", "asynchronous results"), ("S3FailurePath", "failures")):
            if uri := output.get(member):
                found[f"{what} below {uri}"] = None
    return list(found)


def _what(call: Call) -> str:
    value: Any = call[1].get("ResourceId") or next(iter(call[1].values()))
    return ", ".join(value) if isinstance(value, list) else str(value)
