from __future__ import annotations

from neuronserve.deploy.policy import document, instance
from tests.deploying.iam import may

HERE = "us-east-1:123456789012"


def test_an_instance_works_for_its_cluster_alone(place):
    policy = document.of(instance.statements("neuron", place))
    mine, other = (f"arn:aws:ecs:{HERE}:cluster/{name}" for name in ("neuron", "other"))
    for action in ("ecs:RegisterContainerInstance", "ecs:SubmitTaskStateChange"):
        assert may(policy, action, mine)
        assert not may(policy, action, other)
    assert may(policy, "ecs:Poll", f"arn:aws:ecs:{HERE}:container-instance/neuron/1")
    assert not may(policy, "ecs:Poll", f"arn:aws:ecs:{HERE}:container-instance/other/1")


def test_an_instance_makes_no_clusters_and_tags_only_when_it_joins(place):
    policy = document.of(instance.statements("neuron", place))
    own = f"arn:aws:ecs:{HERE}:container-instance/neuron/1"
    assert not may(policy, "ecs:CreateCluster", "*")
    assert may(policy, "ecs:TagResource", own, ecs__CreateAction="RegisterContainerInstance")
    assert not may(policy, "ecs:TagResource", own)
