from __future__ import annotations

import io
import json
import sys

import pytest

from neuronserve.deploy.ecs.registry import files as definitions
from neuronserve.errors import InvalidInput


@pytest.fixture
def written(tmp_path):
    def write(document, name="a.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    return write


def test_a_file_holds_one_or_several(written):
    assert definitions.read(written({"family": "web"})) == [{"family": "web"}]
    assert definitions.read(written([{"family": "a"}, {"family": "b"}])) == [{"family": "a"}, {"family": "b"}]
    assert definitions.read(written("family: web\n", "a.yaml")) == [{"family": "web"}]


def test_standard_input_is_a_file_too(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"family": "web"}')))
    assert definitions.is_file("-")
    assert definitions.read("-") == [{"family": "web"}]


def test_what_the_aws_cli_describes_is_taken_without_what_only_answers_have(written):
    described = {
        "taskDefinition": {"family": "web", "revision": 3, "status": "ACTIVE", "registeredBy": "me"},
        "tags": [{"key": "a", "value": "b"}],
    }
    assert definitions.read(written(described)) == [{"family": "web", "tags": [{"key": "a", "value": "b"}]}]


@pytest.mark.parametrize(
    "document", ["3", '"text"', "null", "[3]", "[[]]", "[]", "", "{", "a: [", "[" * 5000]
)
def test_what_holds_no_task_definition_is_refused_by_the_files_name(written, document):
    with pytest.raises(InvalidInput, match=r"a\.json"):
        definitions.read(written(document))


def test_a_definition_without_an_end_is_refused(written):
    document = {}
    inner = document
    for _ in range(100):
        inner["a"] = {}
        inner = inner["a"]
    with pytest.raises(InvalidInput, match="nested too deeply"):
        definitions.read(written(document))


def test_the_place_of_the_wrong_one_in_a_list_is_named(written):
    with pytest.raises(InvalidInput, match=r"a\.json#/1: a task definition is an object"):
        definitions.read(written([{"family": "web"}, 3]))


def test_a_name_is_a_files_when_it_exists_or_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taskdef").write_text("{}")
    (tmp_path / "web").mkdir()
    assert all(definitions.is_file(name) for name in ("taskdef", "absent.json", "a.yml", "a.yaml", "-"))
    arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1"
    assert not any(definitions.is_file(name) for name in ("web", "web:3", arn, "x" * 5000, "a\0b"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("family: web\ncpu: .nan\n", "#/cpu: float is no value of JSON"),
        ("family: web\ncontainerDefinitions: [{image: !!binary aGk=}]\n", "image: bytes is no value of JSON"),
        ("family: web\nvolumes: [{1: 2}]\n", "#/volumes/0: the key 1 is no text"),
        ("family: !!set {a}\n", "#/family: set is no value of JSON"),
        ('{"family": "web", "cpu": "\\ud800"}', "#/cpu: half a character"),
        ('[{"family": "web", "\\udfff": 1}]', "#/0: half a character"),
    ],
)
def test_what_no_request_can_hold_is_named_before_anything_is_made_of_it(written, document, told):
    path = written(document, "a.json" if document[0] in "{[" else "a.yaml")
    with pytest.raises(InvalidInput) as error:
        definitions.read(path)
    assert told in str(error.value)
    str(error.value).encode()
