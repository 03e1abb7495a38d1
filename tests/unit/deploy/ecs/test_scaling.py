"""What of a service is tracked, and what a person is told of it."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import scaling
from neuronserve.deploy.scaling import Bounds, Resource, State
from neuronserve.errors import InvalidInput


def test_instances_that_bound_the_tasks_and_policies_that_stay_are_told():
    service = {"serviceName": "web", "placementConstraints": [{"type": "distinctInstance"}]}
    state = State({}, ({"PolicyName": "neuronserve-memory"}, {"PolicyName": "neuronserve-cpu"}))
    assert list(scaling.notes(service, Bounds(1, 4), [scaling.tracked("cpu", 50)], state)) == [
        "web: policy neuronserve-memory stays; the one that asks for most tasks wins",
        "web: one task to an instance: 4 tasks need 4 instances that match",
    ]


@pytest.mark.parametrize("groups", [0, 2])
def test_requests_are_tracked_with_one_target_group(groups):
    group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
    service = {"serviceName": "web", "loadBalancers": [{"targetGroupArn": group}] * groups}
    balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/778d41231b141a0f"
    with pytest.raises(InvalidInput, match=f"web has {groups} target groups"):
        scaling.label(balancer, service)


def test_a_service_is_called_by_the_name_of_its_cluster():
    arn = "arn:aws:ecs:us-east-1:123456789012:cluster/c"
    assert scaling.resource({"clusterArn": arn, "serviceName": "web"}) == Resource(
        "ecs", "service/c/web", "ecs:service:DesiredCount"
    )
