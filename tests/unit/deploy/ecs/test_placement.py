"""Why an instance cannot take a task."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.cluster import ContainerInstance, Resources
from neuronserve.deploy.ecs.placement import Demand
from neuronserve.errors import InvalidInput

AGENTS_PORTS = frozenset({22, 2375, 2376, 51678, 51679})
EMPTY = ContainerInstance(
    arn="arn:aws:ecs:us-east-1:123456789012:container-instance/c/0123",
    ec2_instance_id="i-0abc",
    status="ACTIVE",
    agent_connected=True,
    registered=Resources(4096, 7700, AGENTS_PORTS),
    remaining=Resources(4096, 7700, AGENTS_PORTS),
    agent_version="1.104.0",
    registered_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    attributes={"ecs.instance-type": "inf1.xlarge", "ecs.availability-zone": "us-east-1a"},
    task_groups=frozenset(),
)
BUSY = dataclasses.replace(
    EMPTY,
    remaining=Resources(2048, 700, AGENTS_PORTS | {8080}),
    running_tasks=1,
    task_groups=frozenset({"family:served"}),
)
TYPE = {"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.xlarge"}


def request(**changes):
    return {
        "family": "served",
        "cpu": "4096",
        "memory": "7168",
        "containerDefinitions": [
            {"name": "a", "portMappings": [{"containerPort": 8080, "hostPort": 8080}]},
            {"name": "b", "portMappings": [{"containerPort": 53, "hostPort": 5300, "protocol": "udp"}]},
        ],
        "placementConstraints": [TYPE],
        **changes,
    }


def container(**members):
    return {"containerDefinitions": [{"name": "a", **members}]}


def test_a_gpu_is_on_no_instance_with_neuron_chips():
    """RESOURCE:GPU, by the developer guide's failure reasons."""
    demand = Demand.of(request(**container(resourceRequirements=[{"type": "GPU", "value": "2"}])))
    assert "GPU: needs 2 GPUs, 0 are registered in all" in placement.reasons(demand, EMPTY, registered=True)
    with_gpus = dataclasses.replace(
        EMPTY, registered=Resources(4096, 7700, gpus=4), remaining=Resources(4096, 7700, gpus=1)
    )
    assert placement.reasons(demand, with_gpus) == ["GPU: needs 2 GPUs, 1 of 4 are free"]
    assert placement.reasons(demand, with_gpus, registered=True) == []


def test_a_task_fits_an_empty_instance_of_its_type():
    assert placement.reasons(Demand.of(request()), EMPTY) == []


def test_every_failing_part_is_named_resources_first():
    demand = Demand.of(
        request(), [{"type": "memberOf", "expression": "attribute:ecs.instance-type == Inf1.xlarge"}]
    )
    busy = dataclasses.replace(BUSY, status="DRAINING", agent_connected=False)
    assert placement.reasons(demand, busy) == [
        "its status is DRAINING: only ACTIVE ones take tasks",
        "its agent is disconnected",
        "cpu: needs 4096 units, 2048 of 4096 are free",
        "memory: needs 7168 MiB, 700 of 7700 are free",
        "port 8080 is taken",
        "clause attribute:ecs.instance-type == Inf1.xlarge: it is inf1.xlarge (differs only in case)",
    ]


def test_judged_by_what_is_registered_only_what_can_never_be_counts():
    demand = Demand.of(request(memory="8192"), [{"type": "memberOf", "expression": "runningTasksCount == 7"}])
    busy = dataclasses.replace(BUSY, status="DRAINING", agent_connected=False)
    assert placement.reasons(demand, busy, registered=True) == [
        "memory: needs 8192 MiB, 7700 are registered in all"
    ]
    assert placement.reasons(Demand.of(request()), busy, registered=True) == []


def test_a_port_that_the_instance_keeps_to_itself_is_never_free():
    asks = Demand.of(container(portMappings=[{"containerPort": 80, "hostPort": 2375}]))
    told = ["port 2375 is reserved on the instance"]
    assert placement.reasons(asks, EMPTY) == placement.reasons(asks, EMPTY, registered=True) == told


def test_udp_and_tcp_ports_are_told_apart():
    asks = Demand.of(container(portMappings=[{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]))
    dns = dataclasses.replace(EMPTY, remaining=Resources(4096, 7700, frozenset({53}), frozenset()))
    assert placement.reasons(asks, dns) == []
    dns = dataclasses.replace(EMPTY, remaining=Resources(4096, 7700, frozenset(), frozenset({53})))
    assert placement.reasons(asks, dns) == ["UDP port 53 is taken"]


@pytest.mark.parametrize(
    ("network", "mapping", "ports"),
    [
        (None, {"containerPort": 80, "hostPort": 8080}, {8080}),
        ("bridge", {"containerPort": 80, "hostPort": 0}, set()),
        ("bridge", {"containerPort": 80}, set()),
        ("host", {"containerPort": 80}, {80}),
        ("awsvpc", {"containerPort": 80, "hostPort": 80}, set()),
        ("none", {"containerPort": 80, "hostPort": 80}, set()),
    ],
)
def test_only_static_ports_of_the_instance_are_asked_for(network, mapping, ports):
    assert Demand.of({**container(portMappings=[mapping]), "networkMode": network}).ports == ports


@pytest.mark.parametrize(
    ("asked", "cpu", "memory"),
    [
        ({"cpu": "1024", "memory": "2048", **container(cpu=4, memory=8)}, 1024, 2048),
        ({"cpu": "1 vCPU", "memory": "2 GB", **container()}, 1024, 2048),
        (container(cpu=512, memory=900), 512, 900),
        (container(memory=900, memoryReservation=300), 0, 300),
        (container(memoryReservation=300), 0, 300),
        (
            {
                "containerDefinitions": [
                    {"cpu": 1, "memory": 10},
                    {"cpu": 2, "memory": 20},
                    {"essential": False},
                ]
            },
            3,
            30,
        ),
        ({}, 0, 0),
    ],
)
def test_amounts_of_the_task_come_before_the_sum_of_its_containers(asked, cpu, memory):
    demand = Demand.of(asked)
    assert (demand.cpu, demand.memory_mib) == (cpu, memory)


def test_distinct_instance_refuses_one_with_a_task_of_the_group():
    distinct = [{"type": "distinctInstance"}]
    light = request(cpu="128", memory="128", containerDefinitions=[])
    told = ["distinctInstance: a task of family:served is there"]
    assert placement.reasons(Demand.of(light, distinct), BUSY) == told
    assert placement.reasons(Demand.of(light, distinct), BUSY, registered=True) == []
    assert placement.reasons(Demand.of(light, distinct, group="service:other"), BUSY) == []


def test_groups_that_were_not_read_refuse_nothing():
    unread = dataclasses.replace(EMPTY, task_groups=None)
    affine = [{"type": "memberOf", "expression": "task:group == service:a"}, {"type": "distinctInstance"}]
    demand = Demand.of(request(), affine)
    assert demand.asks_for_groups
    assert placement.reasons(demand, unread) == []
    assert placement.reasons(demand, EMPTY) == ["clause task:group == service:a: it has none"]
    assert not Demand.of(request()).asks_for_groups


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        (
            {"type": "memberOf", "expression": "attribute:a = b"},
            "/placementConstraints/0/expression: column 13",
        ),
        ({"type": "memberOf"}, "/placementConstraints/0: no placement constraint"),
        ({"type": "binpack"}, "/placementConstraints/0: no placement constraint"),
        ("memberOf", "/placementConstraints/0: no placement constraint"),
    ],
)
def test_a_constraint_that_cannot_be_read_is_told_with_its_place(constraint, told):
    with pytest.raises(InvalidInput, match=told):
        Demand.of({"placementConstraints": [constraint]})


def test_a_cluster_is_explained_line_by_line_and_the_nearest_is_named():
    wrong = dataclasses.replace(EMPTY, ec2_instance_id="", status="DRAINING", attributes={})
    taken = dataclasses.replace(EMPTY, remaining=Resources(4096, 7700, frozenset({8080})))
    clause = "clause attribute:ecs.instance-type == inf1.xlarge: it has none"
    assert placement.explain(Demand.of(request()), [wrong, taken]) == [
        f"0123 (type unknown): its status is DRAINING: only ACTIVE ones take tasks; {clause}",
        "i-0abc (inf1.xlarge): port 8080 is taken",
        "none of 2 container instances can take it; nearest: i-0abc (inf1.xlarge): port 8080 is taken",
    ]
    assert (
        placement.explain(Demand.of(request()), [EMPTY, wrong])[-1]
        == "1 of 2 container instances can take it"
    )
    assert placement.explain(Demand.of(request()), [wrong], registered=True) == [
        f"0123 (type unknown): {clause}",
        f"none of 1 container instance can take it; nearest: 0123 (type unknown): {clause}",
    ]
    assert placement.explain(Demand.of(request()), []) == ["the cluster has no container instances"]


AMOUNTS = st.integers(0, 5000)
PORTS = st.frozensets(st.sampled_from([22, 8080, 8081, 8082]))


@given(AMOUNTS, AMOUNTS, PORTS, AMOUNTS, AMOUNTS, PORTS)
def test_a_task_is_refused_exactly_when_something_does_not_suffice(
    cpu, memory, ports, has_cpu, has_memory, taken
):
    instance = dataclasses.replace(
        EMPTY, registered=Resources(5000, 5000), remaining=Resources(has_cpu, has_memory, taken)
    )
    fits = cpu <= has_cpu and memory <= has_memory and not ports & taken
    assert (placement.reasons(Demand(cpu, memory, ports), instance) == []) == fits
    assert placement.reasons(Demand(cpu, memory, ports), instance, registered=True) == []


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, PORTS), max_size=5), st.integers(1, 3))
def test_what_is_placed_together_never_takes_more_than_there_is(asked, count):
    demands = [Demand(*one, group=str(number)) for number, one in enumerate(asked)]
    instances = [dataclasses.replace(EMPTY, ec2_instance_id=f"i-{number}") for number in range(count)]
    left = placement.together(demands, instances)
    placed = [demand for demand in demands if demand not in left]
    assert sum(demand.cpu for demand in placed) <= 4096 * count
    assert sum(demand.memory_mib for demand in placed) <= 7700 * count
    assert all(sum(port in demand.ports for demand in placed) <= count for port in (8080, 8081, 8082))
    for demand in left:
        alone = all(placement.reasons(demand, item, registered=True) for item in instances)
        assert alone or len(placed) > 0


def test_distinct_tasks_of_a_group_need_an_instance_each():
    demands = [Demand(1, 1, distinct=True, group="service:a")] * 2
    assert placement.together(demands, [EMPTY]) == demands[:1]
    assert placement.together(demands, [EMPTY, EMPTY]) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["cpu", "memory", "containerDefinitions", "portMappings", "hostPort", "networkMode", "type"]
            ),
            inner,
            max_size=3,
        )
    ),
)


@given(
    st.dictionaries(
        st.sampled_from(["cpu", "containerDefinitions", "placementConstraints", "networkMode"]), JSON
    )
)
def test_any_document_has_a_demand_or_is_refused(document):
    try:
        Demand.of(document)
    except InvalidInput as error:
        assert "no placement constraint" in error.message or "column" in error.message
