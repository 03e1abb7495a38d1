"""``scripts/task-definition render``: results on standard output, words for a person on the other."""

from __future__ import annotations

import json

import pytest

from neuronserve.compiled import Compiled
from neuronserve.deploy import exits, program
from neuronserve.deploy.ecs import validation
from neuronserve.deploy.ecs.verbs import render
from neuronserve.deploy.findings import Severity
from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from tests.deploying.task_specs import EVERY, requests

BASIC = ["--image", "neuronserve", "--model-uri", "s3://models/a.tar.gz"]
REGION = ["--region", "us-east-1"]


@pytest.fixture
def run(desk):
    return lambda *words, desk=desk: program.single("render", render, [*words], desk)


def test_a_task_definition_is_json_on_standard_output_and_notes_are_not(run, desk):
    assert run("--instance-type", "inf1.xlarge", *BASIC) == exits.YES
    assert json.loads(desk.out.getvalue())["family"] == "neuronserve-inf1-xlarge"
    assert all(line.startswith("note: ") for line in desk.err.getvalue().splitlines())
    assert "no log group" in desk.err.getvalue()


def test_slots_are_a_list(run, desk):
    assert run("--instance-type", "inf1.6xlarge", "--slots", "4", *BASIC) == exits.YES
    assert [one["family"][-5:] for one in json.loads(desk.out.getvalue())] == [f"slot{n}" for n in range(4)]


def test_a_refusal_is_one_line_and_no_result(run, desk):
    assert run("--instance-type", "inf1.xlarge", "--managed", *BASIC) == exits.INPUT
    assert desk.out.getvalue() == ""
    [line] = desk.err.getvalue().splitlines()
    assert line.startswith("render: inf1.xlarge with ECS Managed Instances: they have no Inf1 (")


def test_a_file_for_each_type_and_the_reason_where_there_is_none(run, desk, tmp_path):
    assert run("--all", "--out", str(tmp_path), "--slots", "2", *BASIC, *REGION) == exits.YES
    several = [one.name for one in catalogue().values() if one.chips > 1]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(f"{name}.json" for name in several)
    assert desk.out.getvalue().split() == [str(tmp_path / f"{name}.json") for name in several]
    assert "inf1.xlarge: skipped: 2 slots on inf1.xlarge" in desk.err.getvalue()


def test_each_type_has_a_family_of_its_own(run, tmp_path):
    run("--all", "--out", str(tmp_path), "--family", "resnet", *BASIC)
    found = {file.name: json.loads(file.read_text())["family"] for file in tmp_path.iterdir()}
    assert found["inf1.xlarge.json"] == "resnet-inf1-xlarge"
    assert len(set(found.values())) == len(catalogue())


def test_a_note_about_all_types_is_said_once(run, desk, tmp_path):
    run("--all", "--out", str(tmp_path), *BASIC)
    lines = desk.err.getvalue().splitlines()
    assert len(lines) == len(set(lines))
    assert sum("no log group" in line for line in lines) == 1


def test_a_dry_run_lists_the_files_and_writes_none(run, desk, tmp_path):
    assert run("--all", "--out", str(tmp_path / "new"), "--dry-run", *BASIC) == exits.YES
    assert len(desk.out.getvalue().splitlines()) == len(catalogue())
    assert not (tmp_path / "new").exists()


def test_a_model_is_looked_into_once_for_all_types(run, desk_with, tmp_path):
    asked = []

    def inspect(model):
        asked.append(model)
        return {"resnet": (Compiled(version=1, neuron=True, cores=8, generation=Generation.V2),)}

    desk = desk_with(inspect=inspect)
    assert run("--all", "--out", str(tmp_path), "--model", "/a", *BASIC, desk=desk) == exits.YES
    assert asked == ["/a"]
    assert {file.name for file in tmp_path.iterdir()} == {
        f"{one.name}.json"
        for one in catalogue().values()
        if one.generation is Generation.V2 and one.all_cores >= 8
    }
    assert "inf1.xlarge: skipped: model 'resnet', version 1, was compiled for" in desk.err.getvalue()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--all"], "--all: expected --out DIR with it"),
        (["--all", "--out", "x", "--instance-type", "inf1.xlarge"], "and no --instance-type"),
        (["--instance-type", "inf1.xlarge", "--out", "x"], "--out or --force without --all"),
        ([], "no instance type"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, desk, words, reason):
    assert run(*words, *BASIC) == exits.INPUT
    assert reason in desk.err.getvalue()


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_the_validator_finds_nothing_wrong_with_what_is_rendered(mode, name):
    made = requests(mode, name)
    found = [one for request in made for one in validation.findings(request)]
    found += validation.across(made)
    assert [one.line(name) for one in found if one.severity is not Severity.NOTE] == []
