"""render -> register -> init -> diff, for every type and mode."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.registry.difference import difference
from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, Ports, TaskSpec
from neuronserve.instances import catalogue

ROLE = "arn:aws:iam::123456789012:role/serve"


def specs(instance_type):
    def spec(**parts):
        return TaskSpec(
            instance_type=instance_type,
            image="123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1",
            family=f"serve-{instance_type.name.replace('.', '-')}",
            model_uri="s3://bucket/model.tar.gz",
            environment={"SERVE_LOG_FORMAT": "json"},
            secrets={"API_KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/key"},
            logs=Logs(group="/ecs/serve", region="us-east-1"),
            execution_role=ROLE,
            task_role=ROLE,
            tags={"team": "search", "cost": ""},
            **parts,
        )

    yield spec()
    yield spec(network=Network.HOST, read_only=True)
    yield spec(network=Network.AWSVPC)
    yield spec(ports=Ports.DYNAMIC)
    for slots in {2, instance_type.chips} - {1}:
        if instance_type.chips % slots == 0:
            yield spec(mode=Mode.SLOTS, slots=slots)
    if instance_type.family != "inf1":
        yield spec(mode=Mode.MANAGED, network=Network.AWSVPC)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_what_is_rendered_registered_and_written_again_is_the_same(cloud, name):
    for spec in specs(catalogue()[name]):
        for request in render.task_definitions(spec):
            made = registered.register(cloud, request)
            again = registered.fetch(cloud, made.arn).request
            assert difference(again, request) == []
            assert registered.register(cloud, again).arn == made.arn
            assert registered.register(cloud, again, force=True).new
