"""How a task ended, and why it stopped."""

from __future__ import annotations

import pytest

from neuronserve import exitcodes
from neuronserve.deploy.ecs.tasks import endings, faults, outcome
from neuronserve.deploy.ecs.tasks.watch import Goal
from tests.unit.deploy.ecs.tasks.scripted import ended, task


def stopped(*containers, **more):
    return task("t", "STOPPED", containers=list(containers), **more)


def container(name, code=None, reason=None):
    found = {"name": name, "exitCode": code, "reason": reason}
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("main", "other", "expected"),
    [
        (0, 143, 0),  # the main one ended well, ECS stopped the other
        (0, 137, 0),
        (143, 11, 11),  # the other ended by itself
        (137, 0, 137),  # killed: nothing else explains the end
        (11, 137, 11),
        (0, 30, 30),
        (139, 0, 139),
    ],
)
def test_the_exit_code_is_that_of_the_container_whose_end_ended_the_task(main, other, expected):
    found = stopped(container("side", other), container("main", main))
    assert endings.of(found, ["main", "side"]).code == expected


def test_containers_that_are_not_essential_do_not_count():
    found = stopped(container("side", 9), container("main", 0))
    assert endings.of(found, ["main"]).code == 0


def test_out_of_memory_is_the_cause_whatever_the_others_say():
    found = stopped(container("main", 0), container("side", 137, "OutOfMemoryError: Container killed"))
    ending = endings.of(found, ["main", "side"])
    assert (ending.container, ending.code) == ("side", 137)
    assert any("larger --memory" in line for line in ending.lines)


def test_a_task_that_never_ran_has_no_exit_code():
    found = stopped(
        container("main", reason="CannotPullContainerError: pull access denied"),
        stopCode="TaskFailedToStart",
        stoppedReason="Task failed to start",
    )
    ending = endings.of(found, ["main"])
    assert ending.code is None
    assert ending.lines[0] == "stopped: TaskFailedToStart: Task failed to start"
    assert any("execution role" in line for line in ending.lines)


def test_a_task_that_waited_for_an_instance_in_vain_has_the_reason_of_run_task():
    found = stopped(stopCode="TaskFailedToStart", stoppedReason="TaskFailedToStart: RESOURCE:MEMORY")
    assert any("too little memory is free" in line for line in endings.of(found, ["main"]).lines)


@pytest.mark.parametrize("code", [0, 11, 30, 40])
def test_the_meaning_of_a_code_is_that_of_the_container(code):
    assert exitcodes.MEANINGS[code] in "\n".join(endings.of(ended("t", code), ["neuronserve"]).lines)


@pytest.mark.parametrize(
    ("code", "words"),
    [(137, "SIGKILL"), (143, "SIGTERM"), (139, "SIGSEGV"), (127, "not found"), (126, "cannot be run"),
     (99, "no code of neuronserve's"), (255, "signal 127")],
)  # fmt: skip
def test_codes_of_signals_and_shells_are_known(code, words):
    assert words in endings.meaning(code)


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("CannotPullContainerError: Error response from daemon: manifest for x:1 not found", "push it"),
        ("CannotPullContainerError: no matching manifest for linux/amd64", "linux/amd64"),
        ("CannotPullContainerError: toomanyrequests: You have reached your pull rate limit", "Amazon ECR"),
        ("CannotPullContainerError: write /var/lib/docker: no space left on device", "larger volume"),
        ("CannotPullECRContainerError: AccessDeniedException: not authorized", "execution role"),
        ("CannotPullContainerError: dial tcp 52.1.1.1:443: i/o timeout", "NAT gateway"),
        ("CannotPullContainerError: something else", "verify"),
        (
            'CannotCreateContainerError: error gathering device information: "/dev/neuron1": no such file',
            "--instance-type",
        ),
        ("CannotStartContainerError: Bind for 0.0.0.0:8080 failed: port is already allocated", "--host-port"),
        ("CannotStartContainerError: exec format error", "linux/amd64"),
        ('CannotStartContainerError: exec: "serv": executable file not found in $PATH', "--command"),
        ("ResourceInitializationError: unable to pull secrets or registry auth: secretsmanager", "secret"),
        ("ResourceInitializationError: failed to validate logger args: create log group: x", "logs:"),
        ("CannotStartContainerError: failed to initialize logging driver: no log group", "log group"),
        ("ResourceInitializationError: failed to download environment file", "s3:GetObject"),
        ("ResourceInitializationError: unable to assume role", "ecs-tasks.amazonaws.com"),
        ("Timeout waiting for network interface provisioning to complete.", "bridge"),
        ("ResourceInitializationError: something", "verify"),
        ("OutOfMemoryError: Container killed due to memory usage", "--memory"),
        ("DockerTimeoutError: Could not transition to started; timed out after 3m0s", "overloaded"),
        ("CannotStartContainerError: Error response from daemon", "validate"),
        ("Task failed container health checks", "--load-seconds"),
        ("Task failed ELB health checks in (target-group x)", "/ping"),
        ("Your Spot Task was interrupted.", "On-Demand"),
        ("Host EC2 (instance i-1) terminated.", "Auto Scaling"),
        ("Scaling activity initiated by (deployment ecs-svc/1)", "scripts/ecs status"),
    ],
)
def test_each_reason_of_a_stop_has_a_fix(said, fix):
    (line,) = faults.explain(said)
    assert fix in line


@pytest.mark.parametrize("said", ["", "Essential container in task exited", "User stopped it"])
def test_what_speaks_for_itself_is_not_explained(said):
    assert faults.explain(said) == []


@pytest.mark.parametrize(
    ("codes", "goal", "expected"),
    [([0, 0], Goal.STOPPED, 0), ([0, 11], Goal.STOPPED, 11), ([None], Goal.STARTED, 1),
     ([0], Goal.STARTED, 0), ([0], Goal.HEALTHY, 1), ([], Goal.HEALTHY, 0)],
)  # fmt: skip
def test_a_run_ends_with_the_first_code_that_is_bad(codes, goal, expected):
    found = [endings.Ending("t", code, None, ()) for code in codes]
    assert outcome.code(found, goal) == expected
