"""The table of TensorFlow Serving's JSON (tests/tfserving), row by row, against a server that runs."""

import base64
import http.client
import json
import urllib.parse

import pytest

from neuronserve.messages import example_pb2
from tests.cpuservers import config_flag, running
from tests.tfserving.cases import JsonCase, same
from tests.tfserving.json_cases import CASES
from tests.tfserving.signatures import write_models


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfserving")
    models = write_models(folder)
    with running(folder, config_flag(folder, models), rest=True) as server:
        for name in models:
            server.wait_until(name, {123: "AVAILABLE"})
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.rest).netloc, timeout=120)
        yield connection
        connection.close()


def ask(connection: http.client.HTTPConnection, case: JsonCase) -> tuple[int, str]:
    connection.request("POST", f"/v1/models/{case.signature}:{case.verb}", case.content)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "application/json"
    return response.status, response.read().decode()


def test_rows_have_names_of_their_own():
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_json_is_answered_as_tensorflow_serving_answers_it(connection, case):
    status, text = ask(connection, case)
    assert status == case.status, f"{case.source}: {text}"
    if status != 200:
        assert case.error in json.loads(text)["error"], case.source
        return
    if case.text:
        assert text == case.text, case.source
        return
    (value,) = json.loads(text).values()
    if case.verb == "classify" and case.signature == "examples":
        actual = [features(label) for ((label, _),) in value]
        assert same(shown(case.examples), shown(actual)), case.source
    else:
        assert same(case.answer, value), f"{case.source}: {value}"


def test_a_body_in_the_row_form_is_answered_with_predictions_in_the_column_form_with_outputs(connection):
    for body, key in (('{"instances": [1]}', "predictions"), ('{"inputs": [1]}', "outputs")):
        _, text = ask(connection, JsonCase("", "", "int32", body))
        assert list(json.loads(text)) == [key]


def features(label: str) -> dict[str, tuple[str, list]]:
    """The features of the example that the model was sent, and sends back as a label."""
    example = example_pb2.Example.FromString(base64.urlsafe_b64decode(label + "=" * (-len(label) % 4)))
    actual = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind") or ""
        actual[name] = (kind.removesuffix("_list"), list(getattr(feature, kind).value) if kind else [])
    return actual


def shown(examples) -> list:
    return [
        {
            name: [kind, [v.hex() if isinstance(v, bytes) else v for v in values]]
            for name, (kind, values) in one.items()
        }
        for one in examples
    ]
