"""A cluster's instances, and where its tasks go."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import cluster, placement
from neuronserve.deploy.ecs.placement import Demand
from tests.deploying.instances import join

DEFINITION = {
    "family": "served",
    "containerDefinitions": [
        {
            "name": "served",
            "image": "served",
            "cpu": 3000,
            "memory": 4000,
            "portMappings": [{"containerPort": 8080, "hostPort": 8080}],
        }
    ],
    "placementConstraints": [
        {
            "type": "memberOf",
            "expression": "attribute:ecs.instance-type == inf1.xlarge and attribute:stack exists",
        }
    ],
}


@pytest.fixture
def aws(cloud):
    cloud.ecs.create_cluster(clusterName="c")
    return cloud


def test_what_an_instance_registered_is_read(aws):
    arn = join(aws, instance_type="inf1.2xlarge", stack="blue")
    (instance,) = cluster.read(aws, "c")
    assert (instance.arn, instance.status, instance.agent_connected) == (arn, "ACTIVE", True)
    assert instance.instance_type == "inf1.2xlarge"
    assert instance.attributes["stack"] == "blue"
    assert (instance.registered.cpu, instance.registered.memory_mib) == (4096, 7482)
    assert 51678 in instance.registered.ports
    assert instance.registered_at


def test_an_empty_cluster_has_no_instances(aws):
    assert cluster.read(aws, "c", task_groups=True) == ()


def test_every_instance_is_read_when_there_are_more_than_one_answer_holds(aws, monkeypatch):
    monkeypatch.setattr(cluster, "_AT_ONCE", 2)
    arns = {join(aws) for _ in range(5)}
    assert {instance.arn for instance in cluster.read(aws, "c")} == arns


def test_a_running_task_takes_resources_and_leaves_its_group(aws):
    join(aws, stack="blue")
    aws.ecs.register_task_definition(**DEFINITION)
    demand = Demand.of(DEFINITION, [{"type": "distinctInstance"}])
    assert placement.reasons(demand, *placement.read(aws, "c", demand)) == []
    aws.ecs.run_task(cluster="c", taskDefinition="served", group="family:served")
    (instance,) = placement.read(aws, "c", demand)
    assert instance.task_groups == {"family:served"}
    assert placement.reasons(demand, instance) == [
        "cpu: needs 3000 units, 1096 of 4096 are free",
        "memory: needs 4000 MiB, 3482 of 7482 are free",
        "port 8080 is taken",
        "distinctInstance: a task of family:served is there",
    ]
    assert placement.reasons(demand, instance, registered=True) == []


def test_an_instance_that_drains_or_has_another_type_says_so(aws):
    draining, other = join(aws, stack="blue"), join(aws, instance_type="trn1.2xlarge")
    aws.ecs.update_container_instances_state(cluster="c", containerInstances=[draining], status="DRAINING")
    demand = Demand.of(DEFINITION)
    told = {item.arn: placement.reasons(demand, item) for item in cluster.read(aws, "c")}
    assert told == {
        draining: ["its status is DRAINING: only ACTIVE ones take tasks"],
        other: [
            "clause attribute:ecs.instance-type == inf1.xlarge: it is trn1.2xlarge",
            "clause attribute:stack exists: it has none",
        ],
    }
