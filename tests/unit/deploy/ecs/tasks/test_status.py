"""A cluster, shown."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.tasks import chips, hosts
from neuronserve.deploy.ecs.verbs import status
from tests.unit.deploy.ecs.tasks.scripted import (
    ACCOUNT,
    Denied,
    Says,
    at,
    cluster,
    definition,
    described,
    ended,
    instance,
    task,
)  # fmt: skip


def show(scripted, *argv, **answers):
    desk, aws = scripted(**answers)
    code = program.main("ecs", "", {"status": status}, ["status", "--cluster", "c", *argv], desk)
    return code, desk.out.getvalue(), desk.err.getvalue(), aws


def service(**more):
    return {
        "serviceName": "web",
        "serviceArn": f"{ACCOUNT}:service/c/web",
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 1,
        "taskDefinition": f"{ACCOUNT}:task-definition/served:2",
        "deployments": [
            {
                "status": "PRIMARY",
                "taskDefinition": f"{ACCOUNT}:task-definition/served:2",
                "rolloutState": "FAILED",
                "rolloutStateReason": "circuit breaker",
                "failedTasks": 3,
            }
        ],
        "events": [{"createdAt": at(60), "message": "unable to place"}, {"createdAt": at(0), "message": "x"}],
        **more,
    }


def everything(**more):
    running = task("t", startedAt=at(5), healthStatus="HEALTHY", group="service:web")
    return cluster(
        instance("host"),
        instance("idle", kind="inf1.xlarge", status="DRAINING", agentConnected=False),
        tasks=[running, ended("old", 11, definition="served:1")],
        ListServices={"serviceArns": [f"{ACCOUNT}:service/c/web"]},
        DescribeServices={"services": [service()]},
        **more,
    )


def test_a_person_sees_instances_services_tasks_and_chips(scripted):
    code, text, _, _ = show(scripted, **everything())
    assert code == 0
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "cluster c: ACTIVE, 0 tasks running, 0 pending"
    assert "i-host inf1.6xlarge ACTIVE ? 4096/4096 40000/40000 0 0 of 4" in lines
    assert "i-idle inf1.xlarge DRAINING disconnected 4096/4096 40000/40000 0 none of 1" in lines
    assert "web ACTIVE 2 1 0 served:2" in lines
    assert "web: PRIMARY served:2 FAILED, 3 failed: circuit breaker" in lines
    assert "t served:1 RUNNING HEALTHY 2026-01-31T12:00:05Z i-host 0 -" in lines
    assert "old served:1 STOPPED - 2026-01-31T12:00:10Z i-host 0 11" in lines
    assert "old: EssentialContainerExited: Essential container in task exited" in lines


def test_events_are_in_the_order_of_time(scripted):
    _, text, _, _ = show(scripted, **everything())
    assert text.index("12:00:00Z x") < text.index("12:01:00Z unable to place")


def test_the_same_is_there_for_a_machine(scripted):
    _, text, _, _ = show(scripted, "--output", "json", **everything())
    found = json.loads(text)
    assert [item["ec2InstanceId"] for item in found["containerInstances"]] == ["i-host", "i-idle"]
    assert found["containerInstances"][0]["chips"] == {"all": 4, "inUse": [0]}
    assert found["services"][0]["deployments"][0]["rolloutState"] == "FAILED"
    assert [item["chips"] for item in found["tasks"]] == [[0], [0]]
    _, text, _, _ = show(scripted, "--output", "yaml", **everything())
    assert "\ncluster:\n  clusterName: c\n" in text


@pytest.mark.parametrize(
    ("argv", "tasks", "services"),
    [
        (["--service", "web"], ["t"], ["web"]),
        (["--family", "served"], ["t", "old"], ["web"]),
        (["--family", "serv"], [], []),
        (["old"], ["old"], []),
        ([f"{ACCOUNT}:task/c/t"], ["t"], []),
    ],
)
def test_it_can_be_narrowed(scripted, argv, tasks, services):
    _, text, _, _ = show(scripted, "--output", "json", *argv, **everything())
    found = json.loads(text)
    assert [item["taskArn"].rpartition("/")[2] for item in found["tasks"]] == tasks
    assert [item["serviceName"] for item in found["services"]] == services


@pytest.mark.parametrize("argv", [["nobody"], ["--service", "nobody"]])
def test_what_is_named_and_not_there_is_told(scripted, argv):
    code, _, said, _ = show(scripted, *argv, **everything())
    assert code == 1
    assert "nobody" in said


def test_a_cluster_that_is_not_there_is_told(scripted):
    code, _, said, _ = show(scripted, DescribeClusters={"clusters": []})
    assert (code, "no cluster c" in said) == (1, True)


def test_two_tasks_with_a_chip_in_common_are_warned_of(scripted):
    known = {
        "served:1": described(definition(chips=(0, 1, 2))),
        "other:1": described(definition(chips=(2, 3))),
    }
    answers = cluster(
        instance(),
        tasks=[task("a"), task("b", definition="other:1"), task("c", definition="other:1", on="else")],
        DescribeTaskDefinition=lambda params: known[params["taskDefinition"].rpartition("/")[2]],
    )
    _, text, _, _ = show(scripted, **answers)
    warnings = [line for line in text.splitlines() if line.startswith("warning:")]
    assert warnings == [
        "warning: tasks a and b on host both have /dev/neuron2: a NeuronCore serves one process only"
    ]


def test_a_chip_that_the_instance_does_not_have_is_warned_of(scripted):
    answers = cluster(
        instance(kind="inf1.xlarge"),
        tasks=[task("a")],
        DescribeTaskDefinition=described(definition(chips=(0, 1))),
    )
    _, text, _, _ = show(scripted, **answers)
    assert "warning: task a is to have /dev/neuron1, and inf1.xlarge has 1 chips" in text


def test_a_task_that_stopped_holds_no_chip():
    served = {f"{ACCOUNT}:task-definition/served:1": definition()}
    assert chips.clashes([task("a"), ended("b")], served) == []
    assert len(chips.clashes([task("a"), task("b")], served)) == 1


def test_chips_of_managed_instances_are_those_that_ecs_assigned():
    found = task("a", containers=[{"name": "n", "neuronDeviceIds": ["3", "10"]}])
    assert chips.of(found, {}) == {3, 10}


@pytest.mark.parametrize(
    ("operation", "words"),
    [("ListTasks", "tasks are not shown"), ("ListServices", "services are not shown"),
     ("ListContainerInstances", "container instances are not shown"),
     ("DescribeTaskDefinition", "chips are not shown")],
)  # fmt: skip
def test_a_right_that_is_missing_hides_one_part_only(scripted, operation, words):
    code, text, said, _ = show(scripted, **{**everything(), operation: Denied()})
    assert code == 0
    assert words in said
    assert text.startswith("cluster c: ACTIVE")


def test_a_definition_that_was_deleted_does_not_hide_the_rest(scripted):
    gone = Says("ClientException", "Unable to describe task definition.")
    code, text, _, _ = show(scripted, **everything(DescribeTaskDefinition=gone))
    assert code == 0
    assert "served:1" in text


def test_many_hosts_are_asked_for_in_parts_that_ec2_takes():
    asked = []

    def pages(**request):
        (only,) = request["Filters"]
        asked.append(only["Values"])
        found = [{"InstanceId": name, "PrivateIpAddress": f"ip-{name}"} for name in only["Values"]]
        return [{"Reservations": [{"Instances": found}]}]

    def described_(**request):
        return {
            "containerInstances": [
                {"containerInstanceArn": arn, "ec2InstanceId": f"i-{arn}"}
                for arn in request["containerInstances"]
            ]
        }

    ec2 = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=pages))
    ecs = SimpleNamespace(describe_container_instances=described_)
    desk = SimpleNamespace(aws=SimpleNamespace(ecs=ecs, ec2=ec2))
    found = hosts.read(desk, "c", [f"{number:03}" for number in range(450)])
    assert max(map(len, asked)) <= 200
    assert [host.private_ip for host in found.values()] == [f"ip-i-{number:03}" for number in range(450)]
