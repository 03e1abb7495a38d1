"""``input_handler`` and ``output_handler`` around the model."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections import namedtuple
from pathlib import Path

import pytest
import requests

from neuronserve.compiled import Compiled, SignatureBatch

BODY = '{"instances": [[1.0, 2.0, 5.0]]}'
ANSWER = {"predictions": [[2.0, 4.0, 10.0]]}
# AWS's sample, in its own words where they matter
SAMPLE = """
import json

def input_handler(data, context):
    if context.request_content_type == 'application/json':
        d = data.read().decode('utf-8')
        return d if len(d) else ''
    if context.request_content_type == 'text/csv':
        return json.dumps({
            'instances': [[float(x) for x in data.read().decode('utf-8').split(',')]]
        })
    raise ValueError('{{"error": "unsupported content type {}"}}'.format(
        context.request_content_type or "unknown"))

def output_handler(data, context):
    if data.status_code != 200:
        raise ValueError(data.content.decode('utf-8'))
    return data.content, context.accept_header
"""
ARRAYS = """
import numpy as np

def input_handler(data, context):
    return {returned}

def output_handler(response, context):
    if not response.ok:
        return response.text, 'text/plain'
    return response.arrays['y'].astype('<f4').tobytes(), 'application/octet-stream'
"""


def test_awss_sample_answers_json_and_csv(handled) -> None:
    made = handled(SAMPLE)
    assert made.post(BODY).json == ANSWER
    assert made.post("1.0,2.0,5.0", "text/csv").json == ANSWER


def test_what_the_sample_refuses_is_a_500_with_its_message(handled, caplog) -> None:
    """As AWS's own test asks: test_pre_post_processing.py, test_unsupported_content_type."""
    answer = handled(SAMPLE).post("", "unsupported-type")
    assert (answer.status_code, answer.json["code"]) == (500, "handler_failed")
    assert "unsupported content type" in answer.text
    assert "code/inference.py:12 in input_handler" in caplog.text


def test_arrays_go_to_the_model_and_come_back_without_json(handled, monkeypatch) -> None:
    from neuronserve.gateway.handlers import asking

    monkeypatch.setattr(asking, "decode", None)
    made = handled(ARRAYS.format(returned="np.frombuffer(data.read(), '<f4').reshape(-1, 3)"))
    body = b"\x00\x00\x80?" * 6
    assert made.post(body, "application/octet-stream").data == b"\x00\x00\x00@" * 6


def test_arrays_by_name_are_cast_to_the_signature(handled) -> None:
    made = handled(ARRAYS.format(returned="{'x': np.array([[1, 2, 3]])}"))
    assert made.post("").data == b"\x00\x00\x00@\x00\x00\x80@\x00\x00\xc0@"


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("{'z': np.ones(1), 'w': np.ones(1)}", '"x" is missing'),
        ("np.array([['a', 'b', 'c']])", ""),
        ("'{\"instances\": [[1, 2'", ""),
        ("''", "The document is empty"),
        ('\'{"inputs": {"q": 1}}\'', ""),
    ],
)
def test_what_the_model_refuses_is_the_answer_and_no_output_handler_is_called(
    handled, returned: str, told: str
) -> None:
    """As python_service.py of AWS's container for TensorFlow 2.20: any status but 200 is passed on."""
    answer = handled(ARRAYS.format(returned=returned)).post("")
    assert answer.status_code == 400
    assert answer.json["code"] != "handler_failed"
    assert told in answer.json["error"]


def test_rows_are_dealt_to_the_compiled_batch_whatever_their_number(handled) -> None:
    made = handled(ARRAYS.format(returned="np.frombuffer(data.read(), '<f4').reshape(-1, 3)"))
    (model,) = made.app.reader.current().models
    batch = SignatureBatch(4, inputs=("x",))
    made.serve(dataclasses.replace(model, compiled=(Compiled(1, signatures={"serving_default": batch}),)))
    rows = b"\x00\x00\x80?" * 3 * 7
    assert made.post(rows, "application/octet-stream").data == b"\x00\x00\x00@" * 3 * 7


def test_what_the_output_handler_reads_as_json_is_tensorflow_servings(handled) -> None:
    made = handled(
        "import json\n"
        "def input_handler(data, context):\n    return json.load(data)\n"
        "def output_handler(response, context):\n"
        "    return json.dumps([response.json(), response.headers['content-type']]), 'application/json'\n"
    )
    assert made.post(BODY).json == [ANSWER, "application/json"]


Context = namedtuple(  # noqa: PYI024  as AWS's container has it
    "Context",
    "model_name, model_version, method, rest_uri, grpc_port, channel, "
    "custom_attributes, request_content_type, accept_header, content_length, timeout",
)
EXAMPLE = Path(__file__).parents[3] / "examples" / "code" / "inference.py"


def test_the_example_runs_here(handled) -> None:
    made = handled(EXAMPLE.read_text())
    assert made.post('{"instances": [[1, 9, 3], [7, 2, 3]]}').json == {"classes": [1, 0]}
    assert made.post("1,2,9\n", "text/csv; charset=utf-8").json == {"classes": [2]}


def test_the_example_runs_as_awss_container_calls_it(model_server, tmp_path) -> None:
    """A plain stream, a plain context, and the answer of a POST to TensorFlow Serving."""
    spec = importlib.util.spec_from_file_location("example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    uri = f"{model_server.rest}/v1/models/m:predict"
    body = tmp_path / "body"
    body.write_text("1,2,9\n")
    context = Context(None, None, None, uri, "9000", None, None, "text/csv", "application/json", 6, 60)
    with body.open("rb") as data:
        asked = example.input_handler(data, context)
    with requests.post(uri, data=asked, timeout=60) as response:
        assert example.output_handler(response, context) == ('{"classes": [2]}', "application/json")
