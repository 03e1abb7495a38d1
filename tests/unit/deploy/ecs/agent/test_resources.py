from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.agent import resources
from neuronserve.errors import InvalidInput


def of(task=None, count=1, **container):
    definitions = [{"name": f"c{n}", "image": "i", **container} for n in range(count)]
    request = {"family": "f", "containerDefinitions": definitions, **(task or {})}
    return resources.of(request, definitions[0])


@pytest.mark.parametrize(("cpu", "shares"), [(None, 2), (0, 2), (1, 2), (512, 512)])
def test_no_cpu_is_the_least_share_and_not_the_engines_1024(cpu, shares):
    assert of(**({} if cpu is None else {"cpu": cpu})).shares == shares


@pytest.mark.parametrize(
    ("cpu", "cpus"), [("6144", 6), ("128", 0.125), ("1 vCPU", 1), (".5 vcpu", 0.5), (None, None)]
)
def test_the_tasks_cpu_is_a_quota(cpu, cpus):
    assert of({"cpu": cpu} if cpu else {}).cpus == cpus


@pytest.mark.parametrize(
    ("task", "container", "memory"),
    [
        ({"memory": "2 GB"}, {}, 2048),
        ({"memory": "2048"}, {"memory": 512}, 512),
        ({}, {"memory": 512}, 512),
        ({}, {}, None),
    ],
)
def test_memory_is_the_containers_own_or_the_tasks(task, container, memory):
    assert of(task, **container).memory_mib == memory


def test_swap_is_counted_on_top_of_memory():
    assert of(memory=512, linuxParameters={"maxSwap": 100}).swap_mib == 612
    assert of(memory=512, linuxParameters={"maxSwap": 0}).swap_mib == 512
    assert of(memory=512).swap_mib is None


def test_several_containers_under_one_tasks_limits_are_said_to_be_bounded_each():
    assert "each of its containers" in of({"memory": "2048"}, count=2).notes[0]
    assert of({"memory": "2048"}).notes == ()


def test_swappiness_is_left_out_and_said():
    assert "swappiness" in of(linuxParameters={"swappiness": 10, "maxSwap": 1}).notes[0]


def test_a_size_that_is_none_is_refused_with_its_place():
    with pytest.raises(InvalidInput, match="/memory is 'plenty'"):
        of({"memory": "plenty"})


def test_a_tasks_size_is_its_own_or_the_sum_of_its_containers():
    containers = [{"cpu": 100, "memory": 50, "memoryReservation": 30}, {"memory": 20}]
    assert resources.task_size({"containerDefinitions": containers}) == (100, 50)
    assert resources.task_size({"containerDefinitions": containers, "cpu": "256", "memory": "512"}) == (
        256,
        512,
    )
