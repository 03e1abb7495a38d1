"""Models and configurations that an endpoint left behind: all but what serves, and the way back."""

from __future__ import annotations

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live, sending, using
from neuronserve.deploy.sagemaker.following.planning import Call
from neuronserve.deploy.sagemaker.plan import names


def plan(desk: Desk, endpoint: str) -> list[Call]:
    """What was made for this endpoint and nobody uses. What others use stays, and is told."""
    found = live.endpoint(desk.aws, endpoint)
    users = using.users(desk.aws)
    kept = {config for config, those in users.configs.items() if endpoint in those}
    if found:
        kept.add(live.tags(desk.aws, found["EndpointArn"]).get(names.PREVIOUS, ""))
    gone = []
    for config in using.made_configs(desk.aws, endpoint, users.described):
        others = users.of_config(config, endpoint)
        if others:
            desk.say(f"{config} stays: {', '.join(sorted(others))} has it")
        elif config not in kept:
            gone.append(config)
    idle = [model for model in using.made_models(desk.aws, endpoint) if not users.of_model(model, gone)]
    return [
        *(("DeleteEndpointConfig", {"EndpointConfigName": name}) for name in gone),
        *(("DeleteModel", {"ModelName": name}) for name in idle),
    ]


def prune(desk: Desk, endpoint: str) -> list[str]:
    """The names of what was deleted."""
    calls = plan(desk, endpoint)
    for name, request in calls:
        desk.say(f"{endpoint}: {name} {next(iter(request.values()))}")
        sending.send(desk, (name, request))
    return [next(iter(request.values())) for _, request in calls]
