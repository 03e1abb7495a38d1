"""``scripts/instances``: the catalogue for a person and for a machine."""

from __future__ import annotations

import dataclasses
import json

import pytest
import yaml

from neuronserve.deploy import catalogue, exits, program
from neuronserve.instances import catalogue as types


@pytest.fixture
def run(desk):
    return lambda *words: program.single("scripts/instances", catalogue, [*words], desk)


def test_the_table_has_a_line_for_each_type(run, desk):
    assert run() == exits.YES
    head, *lines = desk.out.getvalue().splitlines()
    assert head.split()[:2] == ["type", "generation"]
    assert [line.split()[0] for line in lines] == list(types())


def test_the_columns_are_straight(run, desk):
    run("inf1", "trn2.3xlarge")
    lines = desk.out.getvalue().splitlines()
    for column in ("MiB", "chips", "ENIs", "regions"):
        end = lines[0].index(f" {column}") + len(column)
        assert all(line[end].isdecimal() and line[end + 1 : end + 2] in ("", " ") for line in lines[1:])
    assert " ".join(lines[1].split()) == "inf1.xlarge NeuronCore-v1 4 8192 7321 1 4 8192 4 ml.inf1.xlarge 20"


def test_a_machine_gets_everything(run, desk):
    assert run("inf2.8xlarge", "--output", "json") == exits.YES
    found = json.loads(desk.out.getvalue())
    [one] = found["types"]
    assert one["regions"] == list(types()["inf2.8xlarge"].regions)
    assert (one["cpu_units"], one["allocatable_mib"], one["sagemaker"]) == (32768, 120985, "ml.inf2.8xlarge")
    assert "prints 64" in one["note"]
    assert found["sources"]


def test_nothing_that_the_catalogue_has_is_left_out():
    for one in types().values():
        shown = catalogue.described(one)
        assert (shown["type"], shown["cores"]) == (one.name, one.chips * shown["cores_per_chip"])
        known = {field.name for field in dataclasses.fields(one)} - {"name", "cores"}
        assert {name: shown[name] for name in known} == {
            name: list(value) if isinstance(value := getattr(one, name), tuple) else value for name in known
        }


def test_json_has_a_short_option(run, desk):
    assert run("inf1.xlarge", "--json") == exits.YES
    short = desk.out.getvalue()
    assert json.loads(short)["types"][0]["type"] == "inf1.xlarge"
    run("inf1.xlarge", "--output", "json")
    assert desk.out.getvalue() == short * 2


def test_yaml_is_the_same(run, desk):
    run("inf1", "--output", "yaml")
    assert [one["type"] for one in yaml.safe_load(desk.out.getvalue())["types"]] == [
        "inf1.xlarge",
        "inf1.2xlarge",
        "inf1.6xlarge",
        "inf1.24xlarge",
    ]


def test_a_region_shows_what_is_offered_there(run, desk):
    assert run("--region", "us-west-1") == exits.YES
    shown = {line.split()[0] for line in desk.out.getvalue().splitlines()[1:]}
    assert shown == {name for name, one in types().items() if "us-west-1" in one.regions}
    assert shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["inf1.xlage"], "did you mean inf1.xlarge?"),
        (["p3.2xlarge"], "instance type 'p3.2xlarge': expected one of"),
        (["--region", "us-east1"], "did you mean us-east-1?"),
        (["--region", "mars"], "known: af-south-1"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(run, desk, words, reason):
    assert run(*words) == exits.INPUT
    assert reason in desk.err.getvalue()
    assert desk.out.getvalue() == ""


def test_sagemakers_names_and_capitals_are_understood():
    assert [one.name for one in catalogue.chosen(["ml.inf1.xlarge", "Inf2.XLARGE"], None)] == [
        "inf1.xlarge",
        "inf2.xlarge",
    ]
