"""Each reason for which RunTask places nothing."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.placement import Demand
from neuronserve.deploy.ecs.tasks import failures
from tests.unit.deploy.ecs.tasks.scripted import definition, instance

ARN = "arn:aws:ecs:us-east-1:123456789012:container-instance/c/one"


def explain(reason, *instances, **request):
    demand = Demand.of(definition(**request))
    return failures.explain(
        [{"arn": ARN, "reason": reason}], demand, [ContainerInstance.of(item) for item in instances]
    )


@pytest.mark.parametrize(
    ("reason", "meaning", "fix"),
    [
        ("RESOURCE:CPU", "too little cpu", "stop a task"),
        ("RESOURCE:MEMORY", "registers less than its nominal size", "stop a task"),
        ("RESOURCE:PORTS", "a port of the instance", "another --host-port"),
        ("RESOURCE:ENI", "awsvpc mode each task takes one", "bridge"),
        ("RESOURCE:GPU", "Neuron instances have none", "remove the GPU"),
        ("RESOURCE:FPGA", "too little of this resource", "add an instance"),
        ("AGENT", "agent is disconnected", "again in a minute"),
        ("LOCATION", "other Availability Zones", "--subnet"),
        ("ATTRIBUTE", "attribute that the instances lack", "Neuron AMI"),
        ("MISSING", "knows no such container instance", "--cluster"),
        ("INACTIVE", "deregistered or deleted", "ACTIVE"),
        ("MemberOf placement constraint unsatisfied.", "lower case", "correct the constraint"),
        ("memberOf placement constraint unsatisfied", "lower case", "correct the constraint"),
        ("DistinctInstance placement constraint unsatisfied.", "a task of this group", "--distinct-instance"),
        ("EMPTY CAPACITY PROVIDER", "no instances, and none came", "Auto Scaling"),
    ],
)
def test_each_reason_has_its_meaning_and_one_thing_to_do(reason, meaning, fix):
    line, _ = explain(reason, instance())
    assert line.startswith(f"{reason} on one: ")
    said, _, action = line.partition("; ") if reason != "AGENT" else line.rpartition("; ")
    assert meaning in line
    assert fix in line
    assert said
    assert action


def test_reasons_are_not_confused_with_each_other():
    kinds = [failures.kind(reason) for reason in ("RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:GPU", "AGENT")]
    assert len({kind.meaning for kind in kinds}) == len(kinds)


def test_a_reason_that_nobody_knows_is_given_in_the_words_of_ecs():
    line, _ = explain("The moon is full", instance())
    assert line == "The moon is full on one: a reason that neuronserve does not know, in ECS's own words"


def test_numbers_of_the_instances_come_last():
    *_, numbers = explain("RESOURCE:MEMORY", instance(memory=500))
    assert "needs 8000 MiB, 500 of 40000 are free" in numbers


def test_what_no_instance_could_ever_take_is_no_matter_of_waiting():
    line, _ = explain("RESOURCE:MEMORY", instance(), memory=50000)
    assert "scripts/task-definition render" in line
    assert "stop a task" not in line


def test_neither_tasks_nor_failures_is_said_with_the_numbers():
    demand = Demand.of(definition())
    found = failures.explain([], demand, [ContainerInstance.of(instance(cpu=3))])
    assert found[0] == "ECS placed it nowhere and gave no reason (neither tasks nor failures)"
    assert "needs 1024 units, 3 of 4096 are free" in found[1]


def test_where_an_instance_could_take_it_by_now_one_may_run_it_again():
    assert explain("AGENT", instance())[-1] == "1 of 1 container instance can take it by now: run it again"


def test_without_the_right_to_look_it_is_explained_in_words():
    (line,) = failures.explain([{"reason": "RESOURCE:CPU"}], Demand.of(definition()), None)
    assert "too little cpu" in line
    silent = failures.explain([], Demand.of(definition()), None)
    assert "satisfies every constraint" in silent[-1]


def test_a_reason_of_many_instances_is_told_once_with_all_of_them():
    told = [{"arn": f"{ARN}{number}", "reason": "AGENT", "detail": "gone since noon"} for number in range(3)]
    (line,) = failures.explain(told, None, None)
    assert "AGENT on one0, one1, one2 (gone since noon): " in line


def test_a_failure_without_a_reason_is_still_told():
    (line,) = failures.explain([{"arn": ARN}], None, None)
    assert line.startswith("no reason given on one")
