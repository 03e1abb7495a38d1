"""``task-definition validate``: what is printed, and the exit code."""

from __future__ import annotations

import json

import pytest
import yaml

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import validate
from tests.deploying.task_definitions import MINIMAL, NEURON, changed

C = "/containerDefinitions/0"
WRONG = changed(MINIMAL, f"{C}/memory", "128")
WARNED = changed(MINIMAL, f"{C}/environment", [{"name": "DB_PASSWORD", "value": "hunter2"}])
NOTED = changed(MINIMAL, f"{C}/image", "nginx")


@pytest.fixture
def run(desk, tmp_path):
    """Runs the verb on documents; options are words. The exit code, and what was printed to both."""

    def run(*given):
        words = [word if isinstance(word, str) else _file(tmp_path, n, word) for n, word in enumerate(given)]
        code = program.single("validate", validate, words, desk)
        return code, desk.out.getvalue(), desk.err.getvalue()

    return run


def _file(folder, number, document):
    path = folder / f"{number}.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_a_right_definition_says_so(run):
    assert run(MINIMAL) == (0, "1 task definition in 1 file: nothing to object to\n", "")


def test_a_fault_is_a_line_with_file_pointer_severity_fix_and_code(run, tmp_path):
    code, out, _ = run(WRONG)
    file = f"{tmp_path}/0.json#{C}/memory"
    assert code == 1
    assert out.splitlines() == [
        f"{file}: error: expected an integer, found a string (write it without quotes) [wrong-type]",
        "1 task definition in 1 file: 1 error",
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([MINIMAL, WRONG, MINIMAL], 1),
        ([WARNED], 0),
        ([WARNED, "--strict"], 1),
        ([NOTED, "--strict"], 0),
        ([WRONG, "/nowhere.json"], 2),
        (["/nowhere.json", MINIMAL], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(run, given, code):
    assert run(*given)[0] == code


def test_all_files_are_checked_though_one_cannot_be_read(run):
    _, out, err = run("/nowhere.json", WRONG, MINIMAL)
    assert err == "validate: /nowhere.json: No such file or directory\n"
    assert "[wrong-type]" in out
    assert out.splitlines()[-1] == "2 task definitions in 2 files: 1 error, 1 warning"


def test_notes_can_be_hidden(run):
    assert "[image-not-pinned]" in run(NOTED)[1]
    assert run(NOTED, "--quiet")[1].splitlines()[-1] == "1 task definition in 1 file: nothing to object to"


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_as_a_document_it_has_all_findings_and_counts(run, tmp_path, form, read):
    code, out, _ = run(WARNED, "/nowhere.json", "--output", form)
    document = read(out)
    assert code == 2
    assert (document["errors"], document["warnings"], document["notes"]) == (0, 1, 0)
    assert document["findings"] == [
        {
            "file": f"{tmp_path}/0.json",
            "pointer": f"{C}/environment/0/value",
            "severity": "warning",
            "code": "plain-secret",
            "message": "DB_PASSWORD looks like a secret in plain text",
            "fix": "move it to secrets",
        }
    ]
    assert [entry["file"] for entry in document["unreadable"]] == ["/nowhere.json"]


def test_definitions_of_several_files_are_checked_against_each_other(run, tmp_path):
    free = changed(NEURON, f"{C}/memory", 20000, f"{C}/cpu", 10000)
    _, out, _ = run(free, [changed(free, "/family", "other", f"{C}/portMappings/0/hostPort", 8081)])
    assert f"{tmp_path}/1.json#/0{C}/linuxParameters/devices/0: error: 0-3 belongs to neuron too" in out


def test_the_instance_type_is_taken_in_sagemakers_words_too(run):
    small = {**NEURON, "placementConstraints": []}
    assert "[memory-not-placeable]" in run(small, "--instance-type", "ml.inf1.xlarge")[1]
    assert run(small, "--instance-type", "inf1.6xlarge")[0] == 0


def test_an_instance_type_that_does_not_exist_is_refused(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(MINIMAL, "--instance-type", "inf1.3xlarge")
    assert "did you mean inf1.xlarge?" in capsys.readouterr().err


def test_no_value_of_a_variable_is_ever_printed(run):
    entries = [
        {"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2"},
        {"name": "MODEL_URI", "value": "https://bucket.example/hunter2?X-Amz-Signature=hunter2"},
        {"name": "SERVE_LOG_LEVEL", "value": "hunter2"},
        {"name": "NEURON_RT_VISIBLE_CORES", "value": "hunter2"},
        {"name": "OTHER", "value": {"hunter2": 1}},
        {"name": "AKEY", "value": "AKIA" + "IOSFODNN7EXAMPLE hunter2"},
    ]
    secrets = [{"name": "S", "valueFrom": "hunter2 is no name"}]
    for form in ("text", "json"):
        code, out, err = run(
            changed(NEURON, f"{C}/environment", entries, f"{C}/secrets", secrets), "--output", form
        )
        assert code == 1
        assert "hunter2" not in out + err


def test_names_from_a_document_cannot_drive_the_terminal(run):
    out = run({**MINIMAL, "\x1b[2J\n": 1})[1]
    assert out.replace("\n", "").isprintable()
    assert len(out.splitlines()) == 2


def test_where_nothing_could_be_read_nothing_is_summed_up(run):
    assert run("/nowhere.json")[:2] == (2, "")
