"""What to send so that an endpoint is what was asked: nothing for what is there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.deploy.sagemaker.plan import canonical, names
from neuronserve.deploy.sagemaker.plan.requests import Requests, tags
from neuronserve.errors import InvalidInput

_GOOD = frozenset({live.IN_SERVICE, *live.IN_PROGRESS})
Call = tuple[str, dict[str, Any]]  # an operation, and its request


@dataclasses.dataclass(frozen=True)
class Wish:
    """How an update treats what was changed since. ``counts``, ``weights``: those of the new configuration,
    not those that auto scaling or a person set meanwhile. ``recreate``: an endpoint that Failed is deleted
    first.
    """

    counts: bool = False
    weights: bool = False
    recreate: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    """``calls``: in order. ``before``: the endpoint as it was, None for a new one. ``config``: the name of
    the configuration that is to serve. ``update``: the UpdateEndpoint request among the calls, if any.
    """

    endpoint: str
    config: str
    calls: tuple[Call, ...]
    before: Described | None = None

    @property
    def update(self) -> dict[str, Any] | None:
        return next((request for name, request in self.calls if name == "UpdateEndpoint"), None)

    @property
    def before_config(self) -> str | None:
        return self.before.get("EndpointConfigName") if self.before else None


def offline(made: Requests) -> Plan:
    """As if nothing were there."""
    return Plan(made.endpoint["EndpointName"], made.config["EndpointConfigName"], tuple(made.calls()))


def plan(aws: Aws, made: Requests, wish: Wish) -> Plan:
    """Looks, and sends nothing. Raises InvalidInput where a name belongs to something else."""
    calls: list[Call] = []
    for model in made.models:
        calls += _kept_or_made(aws, "Model", model, live.model(aws, model["ModelName"]))
    there = live.config(aws, made.config["EndpointConfigName"])
    calls += _kept_or_made(aws, "EndpointConfig", made.config, there)
    name, config = made.endpoint["EndpointName"], made.config["EndpointConfigName"]
    before = live.endpoint(aws, name)
    calls += _endpoint(aws, made, before, wish)
    return Plan(name, config, tuple(calls), before)


def _kept_or_made(aws: Aws, what: str, request: Mapping[str, Any], there: Described | None) -> list[Call]:
    if there is None:
        return [(f"Create{what}", dict(request))]
    if differing := canonical.differences(request, there):
        raise InvalidInput(
            f"{what} {request[f'{what}Name']} exists, and differs at {', '.join(differing[:4])}",
            hint=f"somebody else made it: `aws sagemaker delete-{_dashed(what)}`, or another ENDPOINT",
        )
    return _tagging(aws, there[f"{what}Arn"], request.get("Tags") or ())


def _dashed(what: str) -> str:
    return {"Model": "model", "EndpointConfig": "endpoint-config"}[what]


def _tagging(aws: Aws, arn: str, wanted: Sequence[Mapping[str, str]]) -> list[Call]:
    """Tags that are there and were not asked for stay: they may be somebody else's."""
    if not wanted:
        return []
    there = live.tags(aws, arn)
    missing = [dict(tag) for tag in wanted if there.get(tag["Key"]) != tag["Value"]]
    return [("AddTags", {"ResourceArn": arn, "Tags": missing})] if missing else []


def _endpoint(aws: Aws, made: Requests, before: Described | None, wish: Wish) -> list[Call]:
    if before is None or before["EndpointStatus"] == live.DELETING:
        return [("CreateEndpoint", made.endpoint)]
    if before["EndpointStatus"] == live.FAILED:
        if not wish.recreate:
            raise InvalidInput(
                f"endpoint {before['EndpointName']} is Failed, and SageMaker can only delete it: "
                f"{before.get('FailureReason') or 'no reason is given'}",
                hint="--recreate deletes it first",
            )
        return [
            ("DeleteEndpoint", {"EndpointName": before["EndpointName"]}),
            ("CreateEndpoint", made.endpoint),
        ]
    tagging = _tagging(aws, before["EndpointArn"], made.endpoint.get("Tags") or ())
    return [*_update(made, before, wish), *tagging]


def target(endpoint: Described) -> str | None:
    """The configuration that an endpoint has, or is on its way to."""
    pending = (endpoint.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
    found: str | None = pending or endpoint.get("EndpointConfigName")
    return found


def _update(made: Requests, before: Described, wish: Wish) -> list[Call]:
    """Nothing when the configuration is the one that serves, or that is on its way already."""
    config = made.config["EndpointConfigName"]
    if target(before) == config and before["EndpointStatus"] in _GOOD:
        return []
    request = update_request(before, config, made.config, wish)
    if deployment := made.endpoint.get("DeploymentConfig"):
        request["DeploymentConfig"] = deployment
    return [("UpdateEndpoint", request)]


def update_request(before: Described, name: str, config: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    """What was set since the endpoint was made is kept, such as the instances of auto scaling.

    SageMaker keeps them by the variants' names: with other names there is nothing to keep.
    """
    request: dict[str, Any] = {"EndpointName": before["EndpointName"], "EndpointConfigName": name}
    new = {one["VariantName"] for one in config.get("ProductionVariants") or ()}
    if new != set(live.variants(before)):
        return request
    excluded = [
        *(["DesiredInstanceCount"] if wish.counts else []),
        *(["DesiredWeight"] if wish.weights else []),
        "DataCaptureConfig",
    ]
    return request | {
        "RetainAllVariantProperties": True,
        "ExcludeRetainedVariantProperties": [{"VariantPropertyType": word} for word in excluded],
    }


def remember(before: Described, config: str) -> Call | None:
    """The tag by which ``--rollback`` knows the way back; None when there is none."""
    previous = before.get("EndpointConfigName")
    if not previous or previous == config:
        return None
    return ("AddTags", {"ResourceArn": before["EndpointArn"], "Tags": tags({names.PREVIOUS: previous})})
