"""The cluster's instances, looked at before anything is sent and after something runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.errors import NoSuchResource, NotPlaced
from tests.unit.deploy.ecs.tasks.running import STARTED, run, said, shown, target
from tests.unit.deploy.ecs.tasks.scripted import ACCOUNT, Denied, Says, instance, task


def test_a_cluster_without_instances_is_told_in_both_ways(scripted):
    with pytest.raises(NotPlaced, match="no container instances"):
        run(scripted, instances=[], RunTask={})
    assert run.aws.asked("RunTask") == []
    with pytest.raises(NotPlaced, match="no container instances"):
        run(
            scripted,
            replace(STARTED, preflight=False),
            RunTask=Says("InvalidParameterException", "No Container Instances were found in your cluster."),
        )


def test_nothing_is_sent_when_no_instance_can_ever_take_it(scripted):
    hosts = [instance("one"), instance("two", kind="inf1.xlarge")]
    what = Run(constraints=("attribute:ecs.instance-type == inf2.xlarge",))
    with pytest.raises(NotPlaced, match="can ever take served:1"):
        run(scripted, what=what, instances=hosts, RunTask={})
    assert run.aws.asked("RunTask") == []
    assert "i-one (inf1.6xlarge): " in said()
    assert "i-two (inf1.xlarge): " in said()


def test_an_instance_that_is_only_full_is_no_reason_not_to_ask(scripted):
    full = instance(cpu=0, ports=[8080], agentConnected=False, ec2InstanceId="mi-1")
    run(scripted, instances=[full], RunTask={"tasks": [task("t")]})
    assert len(run.aws.asked("RunTask")) == 1


PROVIDED = {"defaultCapacityProviderStrategy": [{"capacityProvider": "p"}]}
MANAGED = {"resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}], "linuxParameters": {}}


@pytest.mark.parametrize(
    ("what", "own", "request_"),
    [(Run(capacity_providers=("p",)), {}, {}), (Run(), PROVIDED, {}), (Run(), {}, MANAGED)],
)
def test_instances_that_may_still_come_are_no_reason_not_to_ask(scripted, what, own, request_):
    run(
        scripted,
        what=what,
        targets=[target(**request_)],
        instances=[],
        DescribeClusters={"clusters": [{"clusterName": "c", "status": "ACTIVE", **own}]},
        RunTask={"tasks": [task("t", on=None)]},
    )
    assert len(run.aws.asked("RunTask")) == 1


def test_a_launch_type_rules_the_clusters_own_providers_out(scripted):
    growing = {"clusterName": "c", "status": "ACTIVE", **PROVIDED}
    with pytest.raises(NotPlaced):
        run(scripted, what=Run(launch_type="EC2"), instances=[], DescribeClusters={"clusters": [growing]})


def test_without_the_right_to_look_ecs_alone_decides(scripted):
    code = run(
        scripted,
        DescribeClusters=Denied(),
        ListContainerInstances=Denied(),
        DescribeContainerInstances=Denied(),
        ListTasks=Denied(),
        RunTask={"tasks": [task("t")]},
    )
    assert code == 0
    assert "ECS alone decides" in said()
    assert shown()["tasks"][0]["taskArn"] == f"{ACCOUNT}:task/c/t"


def test_a_cluster_that_is_not_there_is_told(scripted):
    with pytest.raises(NoSuchResource, match="no cluster c"):
        run(scripted, DescribeClusters={"clusters": [], "failures": [{"reason": "MISSING"}]})


def test_a_chip_that_another_task_has_is_warned_of(scripted):
    other = task("other", definition="old:7")
    code = run(
        scripted,
        RunTask={"tasks": [task("t")]},
        ListTasks={"taskArns": [f"{ACCOUNT}:task/c/t", other["taskArn"]]},
        DescribeTasks={"tasks": [task("t"), other]},
    )
    assert code == 0
    assert "warning: tasks other and t on host both have /dev/neuron0" in said()
