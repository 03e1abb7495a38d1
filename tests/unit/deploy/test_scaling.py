"""Target tracking, as a plan."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import scaling, shapes
from neuronserve.deploy.ecs.scaling import tracked as kept
from neuronserve.deploy.scaling import Bounds, Resource, State

RESOURCE = Resource("ecs", "service/c/web", "ecs:service:DesiredCount")
SECONDS = st.none() | st.integers(0, 3600)
PERCENT = st.floats(0.5, 100)
TRACKED = st.lists(
    st.builds(kept, st.sampled_from(["cpu", "memory"]), PERCENT)
    | st.builds(kept, st.just("requests"), st.floats(1, 1e6), label=st.just("app/a/1/targetgroup/b/2")),
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
    ((name, _),) = scaling.plan(RESOURCE, Bounds(1, 2), [kept("cpu", 50)], state)
    assert name == "PutScalingPolicy"


def test_off_is_sent_only_where_something_is_on():
    assert scaling.plan_off(RESOURCE, State(None)) == []
    ((name, request),) = scaling.plan_off(RESOURCE, State({"MinCapacity": 1}))
    assert shapes.findings("application-autoscaling", name, request) == []
