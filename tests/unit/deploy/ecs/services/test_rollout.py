"""What ECS's picture of a service says about a deployment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs.services.events import Events
from neuronserve.deploy.ecs.services.rollout import Ending, Ours, judge, progress

OURS = Ours("c", "web", "arn:aws:ecs:r:1:task-definition/web:2", "ours", "before", "web:1")


def deployment(**more):
    return {
        "id": "ours", "status": "PRIMARY", "taskDefinition": OURS.task_definition, "desiredCount": 2,
        "runningCount": 2, "pendingCount": 0, "rolloutState": "COMPLETED", **more,
    }  # fmt: skip


def service(*deployments, **more):
    return {"status": "ACTIVE", "desiredCount": 2, "deployments": list(deployments), **more}


deployments = st.fixed_dictionaries({
    "id": st.sampled_from(["ours", "before", "other"]),
    "status": st.sampled_from(["PRIMARY", "ACTIVE", "INACTIVE"]),
    "taskDefinition": st.sampled_from(["web:1", "web:2", "web:3"]),
    "desiredCount": st.integers(0, 2), "runningCount": st.integers(0, 2),
    "rolloutState": st.sampled_from(["COMPLETED", "FAILED", "IN_PROGRESS", None]),
    "rolloutStateReason": st.sampled_from(["", "ECS deployment circuit breaker: tasks failed to start."]),
})  # fmt: skip


@given(
    st.lists(deployments, max_size=3), st.integers(0, 2), st.sampled_from(["ACTIVE", "DRAINING", "INACTIVE"]),
    st.booleans(),
)  # fmt: skip
def test_success_is_only_our_own_deployment_completed_with_all_tasks(found, count, status, settled):
    picture = service(*found, desiredCount=count, status=status)
    verdict = judge(picture, OURS, settled=settled)
    if verdict and verdict.ending is Ending.COMPLETED:
        primary = next(item for item in found if item["status"] == "PRIMARY")
        assert (primary["id"], primary["taskDefinition"], status) == ("ours", "web:2", "ACTIVE")
        assert primary["rolloutState"] in {"COMPLETED", None}
        assert primary["runningCount"] == primary["desiredCount"] == count


def test_no_rollout_state_is_success_when_no_older_deployment_is_left():
    ours = deployment(rolloutState=None)
    assert judge(service(ours, deployment(id="before", status="ACTIVE")), OURS) is None
    assert judge(service(ours), OURS).ending is Ending.COMPLETED


def test_a_count_that_is_to_change_is_not_reached_yet():
    assert judge(service(deployment(), desiredCount=3), OURS) is None


def test_our_id_with_another_revision_is_no_success():
    assert judge(service(deployment(taskDefinition="web:1")), OURS).ending is not Ending.COMPLETED


def test_a_rollback_by_an_alarm_is_told_as_one():
    back = deployment(
        id="other", taskDefinition="web:0", rolloutStateReason="Service deployment rolled back: alarm"
    )
    assert judge(service(back), OURS).ending is Ending.ROLLED_BACK


def test_a_service_that_is_not_shown_yet_is_waited_for_a_moment():
    assert judge(None, OURS, settled=False) is None
    assert judge(None, OURS).ending is Ending.GONE


def test_older_tasks_that_still_run_are_part_of_the_progress():
    old = deployment(id="before", status="ACTIVE", runningCount=1)
    line = progress(service(deployment(runningCount=0, rolloutState="IN_PROGRESS"), old), OURS)
    assert line == (
        "web: IN_PROGRESS: desired 2, pending 0, running 0, failed 0; 1 of an older deployment still running"
    )


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(1, 20), min_size=1))
def test_every_event_is_given_once_in_order(old, batches):
    past = [{"id": f"old{number}"} for number in old]
    events, shown, given_out = Events({"events": past}), list(past), []
    for number, size in enumerate(batches):
        shown = [{"id": f"{number}-{place}"} for place in reversed(range(size))] + shown
        given_out += events.new({"events": shown[:100]})
    expected = [f"{number}-{place}" for number, size in enumerate(batches) for place in range(size)]
    assert [event["id"] for event in given_out] == expected
