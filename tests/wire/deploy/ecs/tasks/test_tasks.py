"""Tasks from their definition to their end, at moto's ECS, EC2, CloudWatch Logs and SSM.

Moto ignores placement constraints, and a task goes on to its next state each time that it is described.
"""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import ami, logs, run_task, status, stop
from tests.deploying.instances import join

VERBS = {"run-task": run_task, "stop": stop, "status": status, "logs": logs, "ami": ami}


def definition(family="served", *, port=8080, memory=3000, kind="inf1.xlarge", chips=(0,)):
    return {
        "family": family,
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "placementConstraints": [
            {"type": "memberOf", "expression": f"attribute:ecs.instance-type == {kind}"}
        ],
        "containerDefinitions": [
            {
                "name": "neuronserve",
                "image": "registry/neuronserve:1",
                "essential": True,
                "cpu": 1024,
                "memory": memory,
                "portMappings": [{"containerPort": 8080, "hostPort": port, "protocol": "tcp"}],
                "linuxParameters": {
                    "devices": [
                        {"hostPath": f"/dev/neuron{chip}", "containerPath": f"/dev/neuron{place}"}
                        for place, chip in enumerate(chips)
                    ]
                },
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/neuronserve",
                        "awslogs-region": "eu-west-1",
                        "awslogs-stream-prefix": "n",
                    },
                },
            }
        ],
    }


@pytest.fixture
def aws(cloud):
    cloud.ecs.create_cluster(clusterName="c")
    return cloud


@pytest.fixture
def file(tmp_path):
    def write(*definitions):
        path = tmp_path / "definition.json"
        path.write_text(json.dumps(definitions[0] if len(definitions) == 1 else definitions))
        return str(path)

    return write


@pytest.fixture
def typed(desk):
    """Type a command; its exit code, and what it printed and said."""

    def run(verb, *argv):
        if verb != "ami":
            argv = ("--cluster", "c", *argv)
        code = program.main("ecs", "", VERBS, [verb, *argv], desk)
        found = desk.out.getvalue(), desk.err.getvalue()
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        return code, *found

    return run


def test_a_task_runs_and_the_result_has_the_url_of_its_host(aws, typed, file):
    arn = join(aws)
    code, text, said = typed("run-task", file(definition()))
    assert code == 0
    (task,) = json.loads(text)["tasks"]
    assert task["containerInstanceArn"] == arn
    assert task["instanceType"] == "inf1.xlarge"
    assert task["endpoints"] == [f"http://{task['privateIpAddress']}:8080"]
    assert said.endswith("(served:1): RUNNING\n")


def test_a_file_is_registered_once(aws, typed, file):
    join(aws)
    for _ in range(2):
        typed("run-task", file(definition(memory=100, port=0)))
    assert len(aws.ecs.list_task_definitions(familyPrefix="served")["taskDefinitionArns"]) == 1


def test_a_dry_run_leaves_the_account_as_it_is(aws, typed, file):
    code, text, _ = typed("run-task", file(definition()), "--dry-run")
    assert (code, json.loads(text)["taskDefinition"]) == (0, "served")
    assert aws.ecs.list_task_definitions()["taskDefinitionArns"] == []


def test_a_task_of_another_type_is_refused_with_the_clause_that_fails(aws, typed, file):
    join(aws, instance_type="inf2.xlarge")
    code, text, said = typed("run-task", file(definition()))
    assert (code, text) == (71, "")
    assert "can ever take served:1" in said
    assert "attribute:ecs.instance-type == inf1.xlarge: it is inf2.xlarge" in said
    assert aws.ecs.list_tasks(cluster="c")["taskArns"] == []


def test_what_is_asked_for_on_the_command_line_counts_as_well(aws, typed, file):
    join(aws, stack="blue")
    asked = ("run-task", file(definition()), "--placement-constraint")
    code, _, said = typed(*asked, "attribute:stack == green")
    assert code == 71
    assert "attribute:stack == green: it is blue" in said
    assert typed(*asked, "attribute:stack == blue")[0] == 0


def test_the_nominal_memory_of_a_host_is_never_placed(aws, typed, file):
    join(aws)
    code, _, said = typed("run-task", file(definition(memory=8192)))
    assert code == 71
    assert "needs 8192 MiB, 7482 are registered in all" in said


def test_a_port_that_is_taken_is_neither_task_nor_failure_and_explained(aws, typed, file):
    join(aws)
    assert typed("run-task", file(definition()))[0] == 0
    code, text, said = typed("run-task", file(definition()))
    assert (code, text) == (71, "")
    assert "neither tasks nor failures" in said
    assert "port 8080 is taken" in said


def test_half_of_the_tasks_are_named_and_not_enough(aws, typed, file):
    join(aws)
    code, text, said = typed("run-task", file(definition()), "--count", "2")
    assert code == 71
    (task,) = json.loads(text)["tasks"]
    assert f"not stopped: {task['taskArn'].rpartition('/')[2]} (scripts/ecs stop" in said
    assert "only 1 of 2 tasks were placed" in said


def test_slots_share_an_instance(aws, typed, file):
    join(aws, instance_type="inf1.6xlarge")
    slots = [
        definition(f"slot{place}", port=8080 + place, chips=(place,), kind="inf1.6xlarge") for place in (0, 1)
    ]
    code, text, said = typed("run-task", file(*slots))
    assert code == 0
    assert [task["endpoints"][0].rpartition(":")[2] for task in json.loads(text)["tasks"]] == ["8080", "8081"]
    assert "warning" not in said


def test_a_task_that_was_placed_against_its_constraint_is_warned_of(aws, typed, file):
    join(aws, instance_type="inf2.xlarge")
    join(aws, instance_type="inf1.xlarge")
    code, text, said = typed("run-task", file(definition(port=0, memory=100)))
    assert code == 0
    astray = json.loads(text)["tasks"][0]["instanceType"] == "inf2.xlarge"
    assert ("it is inf2.xlarge" in said) == astray
    assert astray, "moto obeys constraints now: this test, and the warning, can go"


def test_waiting_for_the_end_gives_the_containers_exit_code(aws, typed, file):
    join(aws)
    code, text, said = typed("run-task", file(definition()), "--wait", "stopped")
    assert code == 0
    assert json.loads(text)["tasks"][0]["lastStatus"] == "STOPPED"
    states = [line.rpartition(": ")[2] for line in said.splitlines() if " s  " in line]
    assert states == ["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]


def test_a_cluster_without_instances_and_no_cluster_are_told_apart(aws, typed, file):
    code, _, said = typed("run-task", file(definition()))
    assert (code, "no container instances" in said) == (71, True)
    code, _, said = typed("run-task", file(definition()), "--cluster", "nowhere")
    assert (code, "no cluster nowhere" in said) == (1, True)


def test_a_task_is_stopped(aws, typed, file):
    join(aws)
    _, text, _ = typed("run-task", file(definition()), "--wait", "no")
    arn = json.loads(text)["tasks"][0]["taskArn"]
    code, text, said = typed("stop", arn.rpartition("/")[2], "--reason", "enough")
    assert code == 0
    assert json.loads(text)["tasks"][0]["stoppedReason"] == "enough"
    assert "stopped: enough" in said
    (instance,) = aws.ecs.describe_container_instances(
        cluster="c", containerInstances=aws.ecs.list_container_instances(cluster="c")["containerInstanceArns"]
    )["containerInstances"]
    assert instance["runningTasksCount"] == 0


def test_two_tasks_with_one_chip_are_warned_of(aws, typed, file):
    join(aws, instance_type="inf1.6xlarge")
    for family in ("one", "two"):
        free = definition(family, memory=100, kind="inf1.6xlarge")
        del free["containerDefinitions"][0]["portMappings"]  # to moto a dynamic port is one that is taken
        _, _, said = typed("run-task", file(free))
    assert "both have /dev/neuron0" in said
    code, text, _ = typed("status")
    assert code == 0
    assert "both have /dev/neuron0" in text


def test_status_shows_what_is_free(aws, typed, file):
    join(aws)
    typed("run-task", file(definition()))
    code, text, _ = typed("status", "--output", "json")
    assert code == 0
    (instance,) = json.loads(text)["containerInstances"]
    assert instance["remaining"] == {"cpu": 3072, "memory": 4482}
    assert instance["chips"] == {"all": 1, "inUse": [0]}


def test_a_log_is_read_where_its_definition_says_it_is(aws, typed, file, endpoint):
    join(aws)
    _, text, _ = typed("run-task", file(definition()))
    arn = json.loads(text)["tasks"][0]["taskArn"]
    code, _, said = typed("logs", arn)
    assert (code, "no log group /neuronserve in eu-west-1" in said) == (1, True)
    there = aws.session.client("logs", region_name="eu-west-1")
    there.create_log_group(logGroupName="/neuronserve")
    assert typed("logs", arn)[2] == "no log lines\n"
    stream = f"n/neuronserve/{arn.rpartition('/')[2]}"
    there.create_log_stream(logGroupName="/neuronserve", logStreamName=stream)
    now = there.describe_log_groups()["logGroups"][0]["creationTime"]
    for first in (0, 6000):  # GetLogEvents gives 10,000 at once
        events = [{"timestamp": now + at, "message": f"line {at}"} for at in range(first, first + 6000)]
        there.put_log_events(logGroupName="/neuronserve", logStreamName=stream, logEvents=events)
    code, text, _ = typed("logs", arn, "--follow")
    assert (code, text.splitlines()) == (0, [f"line {at}" for at in range(12_000)])


def test_images_of_several_regions_are_found_although_one_has_none(typed, cloud):
    words = ["us-east-1", "--region", "eu-west-1", "--region", "us-gov-west-1", "--details"]
    code, text, said = typed("ami", *words)
    found = json.loads(text)
    assert [item["region"] for item in found] == ["us-east-1", "eu-west-1"]
    assert all(item["imageId"].startswith("ami-") and item["ecsAgentVersion"] for item in found)
    assert code == 1
    assert "us-gov-west-1: ECS publishes no such image" in said
