"""Whether the cluster's instances can take what is verified, and which part each of them fails."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import documents, exits, program
from neuronserve.deploy.ecs.verbs import verify
from tests.deploying.instances import join
from tests.deploying.verified import only


def test_an_instance_that_fits_and_has_room_is_ok(cluster, definition, verified):
    join(cluster)
    code, found = verified(definition(), "--cluster", "c", "--only", "instances", "--only", "room")
    assert code == exits.YES
    assert only(found, "instances")[1].startswith("1 of 1 can take it: i-")
    assert only(found, "room")[1].startswith("1 of 1 can take it now: i-")


def test_every_instance_says_which_part_it_fails(cluster, definition, verified):
    join(cluster)
    join(cluster, instance_type="inf1.2xlarge")
    file = definition(cpu="8192", memory="16384", placementConstraints=[
        {"type": "memberOf", "expression": "attribute:ecs.instance-type == Inf1.xlarge"}])  # fmt: skip
    code, found = verified(file, "--cluster", "c", "--only", "instances")
    assert code == exits.NO
    (item,) = found["instances"]
    assert item["verdict"] == "NG"
    cpu = "cpu: needs 8192 units, 4096 are registered in all"
    memory = "memory: needs 16384 MiB, 7482 are registered in all"
    clause = "clause attribute:ecs.instance-type == Inf1.xlarge"
    lines = sorted(line.partition(": ")[2] for line in item["details"])
    assert lines == [
        f"{cpu}; {memory}; {clause}: it is inf1.2xlarge",
        f"{cpu}; {memory}; {clause}: it is inf1.xlarge (differs only in case)",
    ]


def test_an_instance_that_is_full_fits_and_has_no_room(cluster, definition, verified):
    join(cluster)
    file = definition({"cpu": 4096, "memory": 7000})
    cluster.ecs.register_task_definition(**documents.read(file))
    cluster.ecs.run_task(cluster="c", taskDefinition="served")
    code, found = verified(file, "--cluster", "c", "--only", "instances", "--only", "room")
    assert code == exits.NO
    assert only(found, "instances")[0] == "OK"
    assert only(found, "room")[0] == "NG"
    assert "cpu: needs 4096 units, 0 of 4096 are free" in found["room"][0]["details"][0]


def serve(aws, file, stack):
    """A service with a placement constraint, which moto forgets."""
    aws.ecs.register_task_definition(**documents.read(file))
    aws.ecs.create_service(cluster="c", serviceName="s", taskDefinition="served", desiredCount=0)
    constraints = [{"type": "memberOf", "expression": f"attribute:stack == {stack}"}]

    def remembered(parsed, **_):
        parsed["services"][0]["placementConstraints"] = constraints

    aws.ecs.meta.events.register("after-call.ecs.DescribeServices", remembered)


@pytest.mark.parametrize(("stack", "verdict"), [("blue", "OK"), ("green", "NG")])
def test_a_service_brings_its_own_constraints(cluster, definition, verified, stack, verdict):
    join(cluster, stack="blue")
    file = definition({"memory": 128})
    serve(cluster, file, stack)
    _, found = verified(file, "--cluster", "c", "--service", "s", "--only", "instances")
    assert only(found, "instances")[0] == verdict
    told = "".join(found["instances"][0]["details"])
    assert ("clause attribute:stack == green: it is blue" in told) == (verdict == "NG")


def test_a_service_whose_own_tasks_fill_the_instance_is_not_refused_for_it(cluster, definition, verified):
    join(cluster, stack="blue")
    file = definition({"cpu": 4096, "memory": 7168})
    serve(cluster, file, "blue")
    cluster.ecs.run_task(cluster="c", taskDefinition="served", group="service:s")
    code, found = verified(file, "--cluster", "c", "--service", "s", "--only", "room")
    assert (code, only(found, "room")[0]) == (exits.YES, "SKIP")
    assert "0 of 4096 are free" in found["room"][0]["details"][0]


def test_a_cluster_without_instances_and_one_that_is_not_there_are_ng(cluster, definition, verified):
    for name, seen in {"c": "cluster c has no container instances", "gone": "no cluster gone"}.items():
        code, found = verified(definition(), "--cluster", name, "--only", "instances")
        assert (code, only(found, "instances")[:2]) == (exits.NO, ("NG", seen))


def test_what_never_fits_has_no_room_to_be_looked_for(cluster, definition, verified):
    join(cluster, instance_type="inf1.2xlarge")
    _, found = verified(definition(), "--cluster", "c", "--only", "room")
    assert only(found, "room")[:2] == ("SKIP", "it fits on none, whatever runs there")


@pytest.mark.parametrize(("memory", "verdict"), [("3700", "OK"), ("3800", "NG")])
def test_slots_that_each_fit_have_to_fit_together(cluster, definition, verified, tmp_path, memory, verdict):
    join(cluster)
    slots = [
        {**documents.read(definition(cpu="2048", memory=memory)), "family": f"slot{number}"}
        for number in (0, 1)
    ]
    file = tmp_path / "slots.json"
    file.write_text(json.dumps(slots))
    _, found = verified(str(file), "--cluster", "c", "--only", "instances", "--only", "together")
    assert [item["verdict"] for item in found["instances"]] == ["OK", "OK"]
    assert only(found, "together")[0] == verdict
    assert ("no place for slot1 when" in only(found, "together")[1]) == (verdict == "NG")


def test_a_constraint_of_run_task_counts(cluster, definition, verified):
    join(cluster)
    words = (definition(), "--cluster", "c", "--only", "instances", "--constraint")
    assert verified(*words, "attribute:stack !exists")[0] == exits.YES
    assert verified(*words, "attribute:stack exists")[0] == exits.NO
    code, found = verified(*words, "attribute:stack = a")
    assert (code, only(found, "instances")[0]) == (exits.NO, "NG")
    assert "column 17" in only(found, "instances")[1]


def test_a_registered_definition_is_verified_by_its_name(cluster, definition, desk):
    cluster.ecs.register_task_definition(**documents.read(definition({"memory": 128})))
    code = program.single("verify", verify, ["served:1", "--skip", "image"], desk)
    lines = desk.out.getvalue().splitlines()
    assert code == exits.YES
    assert "SKIP instances: served: no cluster is named (give it with --cluster)" in lines
    assert not any(" image: " in line for line in lines)
    assert desk.err.getvalue().endswith("SKIP\n")
    assert cluster.ecs.list_task_definitions()["taskDefinitionArns"][1:] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gone:1"], "gone:1: no such revision"),
        (["gone.json"], "gone.json: No such file"),
        (["served:1", "--service", "s"], "--service without --cluster"),
    ],
)
def test_what_cannot_be_verified_is_one_line(cluster, desk, words, told):
    assert program.single("verify", verify, words, desk) in (exits.NO, exits.INPUT)
    assert told in desk.err.getvalue()
    assert "fault of neuronserve" not in desk.err.getvalue()


def test_a_service_that_is_not_there_is_told(cluster, definition, desk):
    words = [definition(), "--cluster", "c", "--service", "gone"]
    assert program.single("verify", verify, words, desk) == exits.NO
    assert "no service gone in cluster c" in desk.err.getvalue()
