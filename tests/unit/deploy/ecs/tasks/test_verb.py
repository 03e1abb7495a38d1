"""run-task and ami, as they are typed."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import ami, run_task
from tests.unit.deploy.ecs.tasks.scripted import Denied, definition, described

VERBS = {"run-task": run_task, "ami": ami}


def typed(scripted, *argv, **answers):
    desk, aws = scripted(**answers)
    code = program.main("ecs", "", VERBS, list(argv), desk)
    return code, desk.out.getvalue(), desk.err.getvalue(), aws


def test_a_dry_run_prints_the_request_and_sends_nothing(scripted, tmp_path):
    file = tmp_path / "slots.json"
    file.write_text(json.dumps([definition("a"), definition("b", port=8081)]))
    code, text, said, aws = typed(
        scripted, "run-task", str(file), "--dry-run", "--cluster", "c", "--count", "2", "--strategy",
        "binpack:memory", "--env", "A=x=y", "--command", "serve", "--count", "3",
    )  # fmt: skip
    assert code == 0
    first, second = json.loads(text)
    assert first == {
        "cluster": "c",
        "taskDefinition": "a",
        "count": 2,
        "placementStrategy": [{"type": "binpack", "field": "memory"}],
        "overrides": {
            "containerOverrides": [
                {
                    "name": "neuronserve",
                    "command": ["serve", "--count", "3"],
                    "environment": [{"name": "A", "value": "x=y"}],
                }
            ]
        },
    }
    assert second["taskDefinition"] == "b"
    assert "clientToken" in said
    assert aws.calls == []


def test_a_registered_definition_is_run_by_its_revision(scripted):
    code, text, _, aws = typed(
        scripted, "run-task", "served", "--dry-run", DescribeTaskDefinition=described(definition(), 7)
    )
    assert code == 0
    assert json.loads(text)["taskDefinition"].endswith(":task-definition/served:7")
    assert [name for name, _ in aws.calls] == ["DescribeTaskDefinition"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--count", "11"], "RunTask takes 1 to 10"),
        (["--count", "0"], "RunTask takes 1 to 10"),
        (["--strategy", "binpack:disk"], "--strategy binpack:disk: expected"),
        (["--strategy", "spread:"], "--strategy"),
        (["--env", "A=1", "--env", "A=2"], "--env A is there twice"),
        (["--env", "s3cret"], "--env, number 1: expected NAME=VALUE"),
        (["--env", "=s3cret"], "--env, number 1: expected NAME=VALUE"),
        (["--tag", "x"], "--tag, number 1"),
        (["--overrides", "/nowhere"], "/nowhere: No such file"),
        (["--started-by", "x" * 129], "--started-by"),
        (["--started-by", "me & you"], "--started-by"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_asked(scripted, argv, words):
    code, text, said, aws = typed(scripted, "run-task", "served", *argv)
    assert (code, text, aws.calls) == (2, "", [])
    assert words in said
    assert "s3cret" not in said
    assert len(said.splitlines()) == 1


def parameters(**values):
    return lambda params: {
        "Parameters": [
            {"Name": name, "Value": values[name.rpartition("/")[2]]}
            for name in params["Names"]
            if name.rpartition("/")[2] in values
        ]
    }


def test_the_image_is_read_from_the_leaf_of_its_system(scripted):
    code, text, said, aws = typed(scripted, "ami", "--os", "al2", GetParameters=parameters(image_id="ami-1"))
    assert "Amazon Linux 2 ended on 2026-06-30" in said
    assert (code, json.loads(text)) == (0, {"region": "us-east-1", "imageId": "ami-1"})
    path = "/aws/service/ecs/optimized-ami/amazon-linux-2/inf/recommended/image_id"
    assert aws.asked("GetParameters") == [{"Names": [path]}]


def test_a_system_that_has_not_ended_is_not_warned_of(scripted):
    _, _, said, _ = typed(scripted, "ami", GetParameters=parameters(image_id="ami-1"))
    assert "ended" not in said


def test_details_are_those_that_aws_publishes(scripted):
    answer = parameters(image_id="ami-1", ecs_agent_version="1.107.0")
    _, text, _, _ = typed(scripted, "ami", "--details", GetParameters=answer)
    assert json.loads(text) == {"region": "us-east-1", "imageId": "ami-1", "ecsAgentVersion": "1.107.0"}


def test_a_region_without_an_image_is_told(scripted):
    code, text, said, _ = typed(scripted, "ami", GetParameters={"Parameters": []})
    assert (code, text) == (1, "")
    assert "us-east-1: ECS publishes no such image in us-east-1" in said


def test_a_right_that_is_missing_has_its_exit_code(scripted):
    code, _, said, _ = typed(scripted, "ami", GetParameters=Denied())
    assert code == 77
    assert "us-east-1: GetParameters: AccessDeniedException" in said


def test_a_dry_run_of_all_regions_asks_nobody(scripted):
    _, text, _, aws = typed(scripted, "ami", "--all-regions", "--dry-run")
    regions = [item["region"] for item in json.loads(text)]
    assert {"us-east-1", "eu-west-1", "ap-northeast-1"} < set(regions)
    assert regions == sorted(set(regions))
    assert aws.calls == []


def test_one_way_to_name_regions(scripted):
    code, _, said, _ = typed(scripted, "ami", "us-east-1", "--all-regions")
    assert (code, "exclude each other" in said) == (2, True)
