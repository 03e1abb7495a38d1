"""The way back: the configuration that served before the one that serves now."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live, planning, using
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.deploy.sagemaker.following.planning import Plan, Wish
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.errors import InvalidInput, NoSuchResource


def plan(desk: Desk, endpoint: str, deployment: dict[str, Any] | None, wish: Wish) -> Plan:
    """Raises NoSuchResource when there is nothing to go back to."""
    before = live.endpoint(desk.aws, endpoint)
    if before is None:
        raise NoSuchResource(f"no endpoint {endpoint}", hint="see --region")
    if before["EndpointStatus"] == live.FAILED:
        raise InvalidInput(
            f"endpoint {endpoint} is Failed, and SageMaker can only delete it", hint="deploy with --recreate"
        )
    name, config, how = _previous(desk.aws, endpoint, before)
    desk.say(f"{endpoint}: back from {before.get('EndpointConfigName')} to {name} ({how})")
    request = planning.update_request(before, name, config, wish)
    if deployment:
        request["DeploymentConfig"] = deployment
    return Plan(endpoint, name, (("UpdateEndpoint", request),), before)


def _previous(aws: Aws, endpoint: str, before: Described) -> tuple[str, Described, str]:
    """By the endpoint's tag; without it, the newest that was made for it before the one that serves."""
    told = live.tags(aws, before["EndpointArn"]).get(names.PREVIOUS)
    config = live.config(aws, told) if told else None
    if told and config and told != before.get("EndpointConfigName"):
        return told, _whole(aws, config), "it served before"
    known = _made(aws, endpoint)
    serving = known.get(str(before.get("EndpointConfigName")))
    older = [
        (described["CreationTime"], name)
        for name, described in known.items()
        if serving and described["CreationTime"] < serving["CreationTime"]
    ]
    if not older:
        raise NoSuchResource(
            f"{endpoint}: nothing to go back to: no earlier configuration of it is left",
            hint="deploy what you want; the same input has the same names",
        )
    _, name = max(older)
    return name, _whole(aws, known[name]), "the one made before; whether it ever served is not known"


def _made(aws: Aws, endpoint: str) -> dict[str, Described]:
    known: dict[str, Described] = {}
    pages = aws.sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=names.stem(endpoint))
    for page in pages:
        for item in page["EndpointConfigs"]:
            name = item["EndpointConfigName"]
            if names.is_derived(name, endpoint) and (found := live.config(aws, name)):
                known[name] = found
    mine = set(using.made_configs(aws, endpoint, known))
    return {name: described for name, described in known.items() if name in mine}


def _whole(aws: Aws, config: Described) -> Described:
    """The configuration itself. Raises NoSuchResource when one of its models is gone."""
    for model in sorted(using.models(config)):
        if live.model(aws, model) is None:
            raise NoSuchResource(
                f"{config['EndpointConfigName']} has the model {model}, which was deleted",
                hint="deploy what it served anew",
            )
    return config
