"""Task definitions into words for the engine, on a machine with and without chips."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy.ecs.local import conflicts, plan
from neuronserve.deploy.ecs.local.devices import Chips
from neuronserve.deploy.ecs.local.plan import Wishes
from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue

INF1 = catalogue()["inf1.6xlarge"]
SIMULATED = Wishes(chips=Chips(simulated=INF1))


def task(family="f", *, chips=(), **container):
    devices = [
        {"hostPath": f"/dev/neuron{n}", "containerPath": f"/dev/neuron{i}"} for i, n in enumerate(chips)
    ]
    definition = {"name": "a", "image": "i", "linuxParameters": {"devices": devices}, **container}
    return {"family": family, "containerDefinitions": [definition]}


def make(*requests, wishes=SIMULATED, environ=None, podman=False):
    return plan.make(requests, wishes, run="x", podman=podman, environ=environ or {})


def words(made):
    return made.tasks[0].containers[0].words


def values(found, option):
    return [found[at + 1] for at, word in enumerate(found) if word == option]


def test_each_slot_has_a_chip_of_its_own_under_the_name_that_its_definition_says(tmp_path):
    for number in range(4):
        (tmp_path / f"neuron{number}").touch()
    requests = render.task_definitions(TaskSpec(INF1, "i", "f", mode=Mode.SLOTS, slots=4))
    made = make(*requests, wishes=Wishes(chips=Chips(tmp_path)))
    found = [values(one.containers[0].words, "--device") for one in made.tasks]
    assert found == [[f"{tmp_path}/neuron{n}:/dev/neuron0:rw"] for n in range(4)]


def test_simulated_chips_are_null_devices_and_the_container_is_told():
    found = words(make(task(chips=[2, 3])))
    assert values(found, "--device") == ["/dev/null:/dev/neuron0:rwm", "/dev/null:/dev/neuron1:rwm"]
    assert {"MODEL_SERVER=simulator", "SERVE_INSTANCE_TYPE=inf1.6xlarge"} <= set(values(found, "--env"))


def test_a_container_without_chips_is_told_nothing():
    assert values(words(make(task())), "--env") == []


def test_all_neuron_devices_are_those_of_the_simulated_type():
    found = words(make(task(resourceRequirements=[{"type": "NeuronDevice", "value": "ALL"}])))
    assert values(found, "--device") == [f"/dev/null:/dev/neuron{n}:rwm" for n in range(4)]


def test_a_chip_that_the_machine_has_not_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"f: container a: this machine has no .*/neuron0 .*--simulate"):
        make(task(chips=[0]), wishes=Wishes(chips=Chips(tmp_path)))


def test_a_chip_that_the_simulated_type_has_not_is_refused():
    with pytest.raises(InvalidInput, match=r"/dev/neuron4: inf1.6xlarge has 4 chips"):
        make(task(chips=[4]))


def test_all_chips_of_a_machine_without_any_are_refused(tmp_path):
    asked = task(resourceRequirements=[{"type": "NeuronDevice", "value": "ALL"}])
    with pytest.raises(InvalidInput, match="this machine has none"):
        make(asked, wishes=Wishes(chips=Chips(tmp_path)))


def test_a_chip_of_two_tasks_is_refused_and_what_ecs_would_do_is_said():
    with pytest.raises(InvalidInput, match=r"f/a and g/a both own /dev/neuron1 \(ECS knows nothing of chips"):
        make(task("f", chips=[0, 1]), task("g", chips=[1]))


def test_all_chips_overlap_with_any():
    every = task("f", resourceRequirements=[{"type": "NeuronDevice", "value": "ALL"}])
    with pytest.raises(InvalidInput, match="both own /dev/neuron3"):
        make(every, task("g", chips=[3]))


@pytest.mark.parametrize(
    ("second", "refused"), [("4-7", False), ("0-3", True), ("3-4", True), ("2", True), ("four", True)]
)
def test_a_chip_may_be_shared_by_those_who_say_which_cores_are_theirs(second, refused):
    cores = [[{"name": "NEURON_RT_VISIBLE_CORES", "value": c}] for c in ("0-3", second)]
    tasks = [task(f"f{n}", chips=[0], environment=variables) for n, variables in enumerate(cores)]
    if refused:
        with pytest.raises(InvalidInput, match="both own"):
            make(*tasks)
    else:
        assert len(make(*tasks).tasks) == 2


def test_every_two_owners_of_a_chip_are_compared():
    cores = [[{"name": "NEURON_RT_VISIBLE_CORES", "value": c}] for c in ("0-1", "2-3", "0")]
    with pytest.raises(InvalidInput, match="f0/a and f2/a both own /dev/neuron0"):
        make(*(task(f"f{n}", chips=[0], environment=variables) for n, variables in enumerate(cores)))


def test_a_port_of_two_tasks_is_refused_as_ecs_would():
    ports = [{"containerPort": 8080, "hostPort": 80}]
    with pytest.raises(InvalidInput, match=r"f and g both want port 80/tcp there \(.*RESOURCE:PORTS"):
        make(task("f", portMappings=ports), task("g", portMappings=ports))


def test_the_same_port_of_another_protocol_is_another_port():
    one, two = ([{"containerPort": 53, "hostPort": 53, "protocol": p}] for p in ("tcp", "udp"))
    assert len(make(task("f", portMappings=one), task("g", portMappings=two)).tasks) == 2


def test_tasks_that_ecs_would_not_place_together_are_told():
    big = {**task(), "cpu": "20480", "memory": "40000"}
    assert [("cpu units" in n, "MiB" in n) for n in conflicts.notes([big, big], INF1)] == [
        (True, False),
        (False, True),
    ]
    assert list(conflicts.notes([big], INF1)) == []


def test_two_tasks_of_one_family_have_names_of_their_own():
    made = make(task(), task())
    assert [t.containers[0].engine_name for t in made.tasks] == ["neuronserve-x-f-a", "neuronserve-x-f-2-a"]


def test_values_of_secrets_and_options_stand_on_no_command_line():
    request = task(
        secrets=[{"name": "TOKEN", "valueFrom": "arn:x"}], environment=[{"name": "A", "value": "1"}]
    )
    wishes = Wishes(variables={"A": "secret-a", "B": None})
    made = make(request, wishes=wishes, environ={"TOKEN": "secret-t", "B": "secret-b"})
    assert values(words(made), "--env") == ["TOKEN", "A", "B"]
    assert "secret" not in json.dumps(words(made))
    assert made.environ == {"TOKEN": "secret-t", "A": "secret-a", "B": "secret-b"}
    assert "secret" not in repr(made) + repr(wishes)


def test_a_variable_that_the_engine_itself_reads_changes_the_containers_only():
    made = make(task(), wishes=Wishes(variables={"PATH": "/opt/bin", "DOCKER_HOST": "tcp://x"}))
    assert values(words(made), "--env") == ["PATH=/opt/bin", "DOCKER_HOST=tcp://x"]
    assert made.environ == {}


def test_a_secret_without_a_value_is_refused_by_name():
    with pytest.raises(InvalidInput, match="TOKEN: no value here"):
        make(task(secrets=[{"name": "TOKEN", "valueFrom": "arn:x"}]))


def test_nothing_of_the_environment_is_handed_on_unasked():
    around = {"AWS_REGION": "eu-west-1", "AWS_SECRET_ACCESS_KEY": "s", "OTHER": "1"}
    assert values(words(make(task(), environ=around)), "--env") == []


def test_a_volume_of_ones_own_is_mounted_in_every_container(tmp_path):
    made = make(task(), wishes=Wishes(volumes=(f"{tmp_path}:/opt/ml/model:ro",)))
    assert values(words(made), "--volume") == [f"{tmp_path}:/opt/ml/model:ro"]


@pytest.mark.parametrize("volume", ["/nowhere/at/all:/x", "/tmp", "/tmp:relative"])
def test_a_volume_that_cannot_be_is_refused(volume):
    with pytest.raises(InvalidInput, match=f"--volume {volume}"):
        make(task(), wishes=Wishes(volumes=(volume,)))
