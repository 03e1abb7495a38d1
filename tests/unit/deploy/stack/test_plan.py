from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering.spec import Network, Ports
from neuronserve.deploy.policy.task import Needs
from neuronserve.deploy.stack.plan import Scale
from neuronserve.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "metric", "target"),
    [("cpu=60", "cpu", 60), ("memory=70.5", "memory", 70.5), ("requests=1000", "requests", 1000)],
)
def test_scaling_is_a_metric_and_a_target(text, metric, target):
    assert Scale.parse(text) == Scale(metric, target)


@pytest.mark.parametrize(
    "text", ["cpu", "cpu=", "cpu=0", "cpu=101", "cpu=-1", "chips=50", "requests=1e9", "cpu=60%"]
)
def test_scaling_by_anything_else_is_refused(text):
    with pytest.raises(InvalidInput, match="--scale"):
        Scale.parse(text)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scale": (Scale("cpu", 60),)}, "--max-tasks"),
        ({"scale": (Scale("cpu", 60),), "tasks": 0, "max_tasks": 2}, "--tasks 0"),
        ({"scale": (Scale("requests", 9),), "max_tasks": 2}, "--load-balancer"),
        ({"internet_facing": True}, "--load-balancer"),
        ({"certificate": "arn:aws:acm:x"}, "--load-balancer"),
        ({"domain": "a.example.com", "hosted_zone": "Z1"}, "--load-balancer"),
        ({"access_logs": ""}, "--load-balancer"),
        ({"access_logs": "logs", "balancer": True}, "s3://BUCKET"),
        ({"access_logs": "s3://logs/AWSLogs/a", "balancer": True}, "AWSLogs/ACCOUNT itself"),
        ({"domain": "a.example.com", "balancer": True}, "--hosted-zone go together"),
        ({"hosted_zone": "Z1", "balancer": True}, "--hosted-zone go together"),
        ({"domain": "a.example.com", "hosted_zone": "zone", "balancer": True}, "such as Z0"),
        (
            {"domain": "a.example.com", "hosted_zone": "Z1", "certificate": "arn", "balancer": True},
            "not both",
        ),
        ({"tasks": -1}, "--tasks"),
        ({"root_gib": 10}, "--root-gib"),
        ({"retention_days": 8}, "--log-retention-days"),
        ({"scale": (Scale("cpu", 60), Scale("cpu", 70)), "max_tasks": 2}, "twice"),
    ],
)
def test_what_does_not_go_together_is_refused(plan, changes, told):
    with pytest.raises(InvalidInput, match=told):
        plan(**changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (8080, 8080)),
        ({"slots": 4}, (8080, 8083)),
        ({"host_port": 9000}, (9000, 9000)),
        ({"slots": 4, "network": Network.HOST}, (8080, 8083)),
        ({"ports": Ports.DYNAMIC}, (32768, 65535)),
        ({"network": Network.AWSVPC, "port": 9090}, (9090, 9090)),
    ],
)
def test_the_ports_at_which_tasks_are_reached(plan, changes, expected):
    assert plan("inf1.6xlarge", **changes).ports() == expected


def test_a_task_role_is_made_for_those_who_need_one(plan):
    assert plan().own_task_role
    assert not plan(model_uri=None).own_task_role
    assert not plan(model_uri="/opt/ml/model").own_task_role
    assert plan(model_uri=None, needs=Needs(exec=True)).own_task_role
    assert not plan(task_role="digits").own_task_role


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "/opt/ml/model",
        "s3://models/",
        "s3://models/a*b",
        "s3://models/a${b}",
        "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/models/a",
        "s3://models--use1-az4--x-s3/a",
    ],
)
def test_only_plain_addresses_are_parameters(plan, uri):
    assert plan(model_uri=uri).model is None
    assert plan(model_uri="s3://models/a/b.tar.gz").model is not None
