"""Target tracking, as a plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs import scaling
from neuronserve.deploy.ecs.scaling import Bounds, State, Tracking
from neuronserve.errors import InvalidInput

RESOURCE = "service/c/web"
SECONDS = st.none() | st.integers(0, 3600)
PERCENT = st.floats(0.5, 100)
TRACKED = st.lists(
    st.builds(Tracking, st.sampled_from(["cpu", "memory"]), PERCENT)
    | st.builds(Tracking, st.just("requests"), st.floats(1, 1e6), label=st.just("app/a/1/targetgroup/b/2")),
    unique_by=lambda item: item.metric,
)


@st.composite
def bounds(draw):
    least = draw(st.integers(0, 20))
    return Bounds(least, draw(st.integers(least, 40)), draw(SECONDS), draw(SECONDS))


def after(calls, state):
    """What Application Auto Scaling has once these were sent; it fills in DisableScaleIn."""
    target, policies = state.target, {policy["PolicyName"]: policy for policy in state.policies}
    for name, request in calls:
        if name == "RegisterScalableTarget":
            target = request
        elif name == "PutScalingPolicy":
            key = "TargetTrackingScalingPolicyConfiguration"
            policies[request["PolicyName"]] = {**request, key: {**request[key], "DisableScaleIn": False}}
    return State(target, tuple(policies.values()))


@given(bounds(), TRACKED, bounds(), TRACKED)
def test_what_was_sent_is_not_sent_again(before, tracked_before, asked, tracked):
    state = after(scaling.plan(RESOURCE, before, tracked_before, State(None)), State(None))
    calls = scaling.plan(RESOURCE, asked, tracked, state)
    for operation, request in calls:
        assert shapes.findings("application-autoscaling", operation, request) == []
    assert scaling.plan(RESOURCE, asked, tracked, after(calls, state)) == []


@given(bounds(), TRACKED)
def test_the_target_is_registered_before_its_policies(asked, tracked):
    names = [name for name, _ in scaling.plan(RESOURCE, asked, tracked, State(None))]
    assert names == ["RegisterScalableTarget", *["PutScalingPolicy"] * len(tracked)]


def test_a_policy_of_another_kind_under_its_name_is_replaced():
    stepwise = {"PolicyName": "neuronserve-cpu", "PolicyType": "StepScaling"}
    state = State({"MinCapacity": 1, "MaxCapacity": 2}, (stepwise,))
    ((name, _),) = scaling.plan(RESOURCE, Bounds(1, 2), [Tracking("cpu", 50)], state)
    assert name == "PutScalingPolicy"


def test_off_is_sent_only_where_something_is_on():
    assert scaling.plan_off(RESOURCE, State(None)) == []
    ((name, request),) = scaling.plan_off(RESOURCE, State({"MinCapacity": 1}))
    assert shapes.findings("application-autoscaling", name, request) == []


def test_instances_that_bound_the_tasks_and_policies_that_stay_are_told():
    service = {"serviceName": "web", "placementConstraints": [{"type": "distinctInstance"}]}
    state = State({}, ({"PolicyName": "neuronserve-memory"}, {"PolicyName": "neuronserve-cpu"}))
    assert list(scaling.notes(service, Bounds(1, 4), [Tracking("cpu", 50)], state)) == [
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
    assert scaling.resource({"clusterArn": arn, "serviceName": "web"}) == RESOURCE
