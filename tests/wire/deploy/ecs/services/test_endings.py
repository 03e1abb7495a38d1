"""How a rollout can end, and that only one of the ways is success."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import (
    a_task_stops,
    becomes,
    completes,
    completes_before_its_tasks_run,
    fails,
    goes_back,
    is_as_before,
    is_shown_as_before,
    is_stable_again,
    somebody_deploys,
    tells,
    vanishes,
    waits,
)


@pytest.fixture
def running(ecs):
    """A service of web:1, and web:2 to be deployed to it; the ARN of that."""
    ecs.serves(ecs.registered())
    return ecs.registered()


def test_a_new_service_whose_deployment_completes_is_success(ecs, deploy):
    ecs.script.extend([waits, completes])
    code, result, said = deploy(ecs.registered())
    assert code == exits.YES
    assert result["rolloutState"] == "COMPLETED"
    assert result["runningCount"] == result["desiredCount"] == 1
    assert "web: deployed: web:1, 1 task running" in said


def test_an_update_that_completes_is_success(ecs, deploy, running):
    ecs.script.extend([waits, completes])
    code, result, _ = deploy(running)
    assert (code, result["taskDefinition"]) == (exits.YES, running)
    assert result["deployment"] == ecs.services["web"]["deployments"][0]["id"]


def test_completed_is_no_success_before_the_tasks_run(ecs, deploy, clock, running):
    ecs.script.extend([completes_before_its_tasks_run, waits, waits, completes])
    code, _, _ = deploy(running)
    assert code == exits.YES
    assert len(clock.slept) == 3


def test_a_first_deployment_that_fails_leaves_a_service_and_the_way_out_is_told(ecs, deploy):
    ecs.script.extend([waits, fails])
    code, result, said = deploy(ecs.registered())
    assert (code, result) == (exits.NO, None)
    assert "web: web:1 failed: ECS deployment circuit breaker: tasks failed to start." in said
    assert "the service exists and runs no task" in said
    assert "aws ecs delete-service --cluster c --service web --force" in said


def test_a_rollback_that_is_seen_is_a_failure_with_its_reason(ecs, deploy, running):
    ecs.script.extend([waits, goes_back])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "web: web:2 was rolled back: ECS deployment circuit breaker: tasks failed to start" in said
    assert "the service is back on web:1" in said


def test_a_service_that_is_stable_again_on_the_old_revision_is_a_failure(ecs, deploy, running):
    ecs.script.extend([waits, is_stable_again])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "was rolled back" in said
    primary = ecs.services["web"]["deployments"]
    assert [one["rolloutState"] for one in primary] == ["COMPLETED"]  # as the SDK's waiter wants it


def test_a_rollback_under_the_id_of_the_old_deployment_is_a_failure(ecs, deploy, clock, running):
    ecs.script.extend([waits, is_as_before])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "was rolled back" in said
    assert clock.now >= 1030  # it might have been an old answer until then


def test_an_answer_older_than_the_call_is_no_rollback(ecs, deploy, running):
    ecs.script.extend([is_shown_as_before, waits, completes])
    code, result, _ = deploy(running)
    assert (code, result["taskDefinition"]) == (exits.YES, running)


def test_a_forced_deployment_that_was_rolled_back_is_a_failure_though_the_revision_is_the_same(ecs, deploy):
    arn = ecs.registered()
    ecs.serves(arn)
    ecs.script.append(is_stable_again)
    code, _, said = deploy(arn, "--force-new-deployment")
    assert code == exits.NO
    assert "another deployment" in said


def test_somebody_else_s_deployment_in_its_place_is_a_failure(ecs, deploy, running):
    ecs.script.extend([waits, somebody_deploys(ecs.registered()), completes])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "web: web:2 was superseded" in said
    assert "of web:3" in said


@pytest.mark.parametrize("step", [becomes("DRAINING"), becomes("INACTIVE")])
def test_a_service_that_is_deleted_meanwhile_is_a_failure(ecs, deploy, running, step):
    ecs.script.extend([waits, step])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "somebody deleted it" in said


def test_a_service_that_is_no_more_is_a_failure(ecs, deploy, running):
    ecs.script.extend([*[waits] * 7, vanishes])
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "there no more" in said


def test_time_that_is_up_says_that_the_rollout_goes_on(ecs, deploy, running):
    code, result, said = deploy(running, "--timeout", 60)
    assert (code, result) == (exits.TIME_UP, None)
    assert "web: not rolled out after 60 s; last seen: web: IN_PROGRESS: desired 1, pending 1" in said
    assert "the rollout goes on" in said


def test_without_waiting_the_call_alone_is_made(ecs, deploy, clock, running):
    code, result, said = deploy(running, "--no-wait")
    assert (code, result["rolloutState"], clock.slept) == (exits.YES, "IN_PROGRESS", [])
    assert "the rollout goes on" in said


def test_why_its_tasks_stopped_is_told_once_for_each_way(ecs, deploy, running):
    pull = "CannotPullContainerError: no such image"
    ecs.script.extend([a_task_stops(23), a_task_stops(23)])
    ecs.script.extend([a_task_stops(why="Task failed to start", reason=pull), goes_back])
    _, _, said = deploy(running)
    assert "2 tasks stopped: Essential container in task exited" in said
    assert "exit code 23: the SavedModel, or a compiled part of it, is damaged" in said
    assert "1 task stopped: Task failed to start" in said
    assert pull in said


def test_tasks_of_other_deployments_and_those_that_made_room_are_no_reason(ecs, deploy, running):
    made_room = "Scaling activity initiated by (deployment ecs-svc/1)"
    ecs.script.extend([a_task_stops(137, made_room), a_task_stops(21, started_by="x"), goes_back])
    _, _, said = deploy(running)
    assert "was rolled back" in said
    assert "exit code" not in said


def test_stopped_tasks_that_may_not_be_seen_do_not_hide_the_failure(ecs, deploy, running):
    ecs.front.faults.append(Fault("ListTasks", Refused("AccessDeniedException")))
    ecs.script.append(goes_back)
    code, _, said = deploy(running)
    assert code == exits.NO
    assert "its stopped tasks cannot be seen: ListTasks: AccessDeniedException" in said


def test_events_are_told_once_oldest_first_and_old_ones_never(ecs, deploy):
    arn = ecs.registered()
    service = ecs.serves(arn)
    tells("long ago")(ecs, service)
    ecs.script.extend([tells("one", "two"), waits, tells("three"), completes])
    _, _, said = deploy(ecs.registered())
    told = [line for line in said.splitlines() if line.endswith(("ago", "one", "two", "three"))]
    assert [line.split()[-1] for line in told] == ["one", "two", "three"]
    assert all(line.startswith("2026-01-02T03:04:") for line in told)


def test_progress_is_told_when_it_moves(ecs, deploy, running):
    ecs.script.extend([waits, waits, waits, a_task_stops(30), waits, completes])
    _, _, said = deploy(running)
    progress = [line for line in said.splitlines() if line.startswith("web: IN_PROGRESS")]
    assert len(progress) == 2
    assert "failed 1" in progress[1]


def test_a_deployment_of_no_tasks_says_that_nothing_shows_that_it_works(ecs, deploy):
    ecs.script.append(completes)
    code, _, said = deploy(ecs.registered(), "--count", 0)
    assert code == exits.YES
    assert "its desired count is 0, so no task shows that it works" in said


def test_a_service_that_is_deleted_and_made_again_meanwhile_is_no_success(ecs, deploy, running):
    def made_again(_, service):
        vanishes(ecs, service)
        ecs.serves(running)

    ecs.script.extend([waits, made_again])
    code, result, said = deploy(running)
    assert (code, result) == (exits.NO, None)
    assert "took its place" in said


def test_why_more_tasks_stopped_than_one_answer_holds_is_counted(ecs, deploy, running):
    ecs.script.append(lambda _, service: [a_task_stops(23)(ecs, service) for _ in range(230)])
    ecs.script.append(goes_back)
    _, _, said = deploy(running)
    assert "230 tasks stopped: Essential container in task exited" in said
