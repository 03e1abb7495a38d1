"""The table of TensorFlow Serving's JSON (tests/tfserving), row by row, at ``POST /invocations``.

What ``/invocations`` does otherwise is in ``DIFFERENCES``, under the words of the table in
docs/tensorflow-serving.md; a row there that does not differ fails, as does one that is not explained.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client

from neuronserve import state
from neuronserve.reservedfile import ReservedFile
from neuronserve.settings import Settings
from neuronserve.state import Model, Server, State
from predictor import create_app
from tests.cpuservers import config_flag, running
from tests.tfserving.cases import JsonCase
from tests.tfserving.json_cases import CASES
from tests.tfserving.signatures import write_models

DOCS = Path(__file__).resolve().parents[3] / "docs" / "tensorflow-serving.md"

DIFFERENCES: dict[str, tuple[str, ...]] = {
    "a finite number beyond the dtype": (
        "predict: the largest double is infinite as a float",
        "predict: the lowest double is infinite as a float",
        "predict: just beyond float32",
        "predict: an integer beyond float32",
    ),
    "an integer beyond int8, int16, uint8": (
        "predict: int16 wraps",
        "predict: int8 wraps",
        "predict: uint8 wraps",
    ),
    "a key twice in one object": (
        "predict: instances twice: the first counts",
        "predict: inputs twice: the first counts",
        "predict: signature_name twice: the first counts",
        "predict: an input twice: the first counts",
        "predict: an input twice in a row: the first counts",
        "classify: a feature twice: the last counts",
        "classify: examples twice: the first count",
    ),
    "text after the document": (
        "predict: a letter after the document",
        "predict: a second document",
        "predict: a brace too many",
        "predict: a comment after the document",
        "predict: a NUL byte after the document",
        "classify: text after the document",
    ),
    "more than 64 levels of nesting": (
        "predict: half a million lists in a member that nobody reads",
        "predict: deep objects in a member that nobody reads",
    ),
    "bytes that are no UTF-8": (
        "predict: bytes that are no UTF-8",
        "predict: the second half of a surrogate pair",
        "classify: bytes that are no UTF-8",
    ),
    "`Inf`, `-Inf`, `-NaN`": ("predict: their short forms", "classify: short forms of NaN and infinity"),
    "a whole number written with a point": (
        "predict: a whole float for int32",
        "predict: an exponent for int32",
        "predict: a float for int64",
    ),
    "`instances: []`": ("predict: instances is empty",),
    "no `instances` and no `inputs`": (
        "predict: the document is a list",
        "predict: the document is an empty list",
        "predict: the document is a number",
    ),
    "base64 in the URL alphabet": (
        "predict: base64 in the URL's alphabet",
        "predict: base64 with half its padding",
        "predict: base64 with padding too much",
        "predict: base64 of padding only",
        "predict: base64 with four signs of padding",
        "classify: base64 that is none",
    ),
    "base64 padded with points": ("predict: base64 padded with points",),
    "`null` as `signature_name` or `context`": (
        "predict: signature_name is null",
        "classify: context is null, examples are there",
    ),
    "a signature that does not exist": (
        "predict: signature_name of no signature",
        "predict: signature_name of no signature, before anything else",
        "classify: a signature that is not there",
        "regress: a signature that is not there, to regress",
    ),
    "float16, bfloat16 and uint16 inputs and outputs": tuple(
        f"predict: {name}"
        for dtype in ("half", "bfloat16", "uint16")
        for name in (
            f"{dtype} in the column form",
            f"{dtype} in the row form",
            f"{dtype} outputs in the form of instances",
            f"{dtype} outputs in the form of inputs",
        )
    ),
    "complex inputs and outputs": (
        "predict: complex64 in the column form",
        *(
            f"predict: {dtype} outputs in the form of {form}"
            for dtype in ("complex64", "complex128")
            for form in ("instances", "inputs")
        ),
    ),
    "integers and floats mixed in one feature": (
        "classify: an integer, then a float",
        "classify: a float, then an integer",
    ),
}
# what every answer has, so that no row stands for it alone
GENERAL = ("string outputs that are no UTF-8", "numbers", "error bodies")
DIFFERING = {name for names in DIFFERENCES.values() for name in names}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    """The application before an embedded server that has the models of the table."""
    folder = tmp_path_factory.mktemp("tfserving")
    models = list(write_models(folder))
    with running(folder, config_flag(folder, models)) as server:
        for name in models:
            server.wait_until(name, {123: "AVAILABLE"})
        runtime = folder / "run"
        runtime.mkdir()
        app = create_app(Settings.from_environ({}), runtime)
        now = State(
            "ready",
            servers=(Server(0, server.target, "ready"),),
            models=tuple(Model(name, (123,)) for name in models),
            default_model=models[0],
            kind="cpu",
            generation=1,
        )
        state.write(ReservedFile(runtime / "state.json"), now)
        yield Client(app)


def is_same(client: Client, case: JsonCase) -> bool:
    """Whether the answer has TensorFlow Serving's status and, of 200, its values."""
    attributes = f"tfs-model-name={case.signature},tfs-method={case.verb}"
    reply = client.post(
        "/invocations",
        data=case.content,
        content_type="application/json",
        headers={"X-Amzn-SageMaker-Custom-Attributes": attributes},
    )
    assert reply.status_code < 500, reply.data
    if reply.status_code != case.status or case.status != 200:
        return reply.status_code == case.status
    (key, found) = next(iter(json.loads(reply.data).items()))
    if case.text:
        return alike(json.loads(case.text)[key], found)
    return case.answer is None or alike(case.answer, found)


def alike(expected: Any, found: Any) -> bool:
    """The same structure and values; numbers as float32 has them, which have nine digits at most."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(alike(expected[k], found[k]) for k in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(alike, expected, found))
    if isinstance(expected, float) and isinstance(found, float):
        close = bool(np.isclose(expected, found, rtol=1e-6, atol=0, equal_nan=True))
        with np.errstate(over="ignore"):
            return close or bool(np.float32(expected) == np.float32(found))
    return type(expected) is type(found) and expected == found


@pytest.mark.parametrize("case", [c for c in CASES if c.id not in DIFFERING], ids=lambda case: case.id)
def test_invocations_answers_as_tensorflow_serving(client: Client, case: JsonCase) -> None:
    assert is_same(client, case), case.source


@pytest.mark.parametrize("case", [c for c in CASES if c.id in DIFFERING], ids=lambda case: case.id)
def test_what_is_said_to_differ_does(client: Client, case: JsonCase) -> None:
    assert not is_same(client, case), case.source


def test_every_difference_is_explained_and_every_explanation_has_a_row() -> None:
    table = DOCS.read_text().partition("<!-- differences -->")[2].partition("<!-- /differences -->")[0]
    explained = [line.split("|")[1].strip() for line in table.strip().splitlines()]
    reasons = [*DIFFERENCES, *GENERAL]
    for first in explained:
        assert any(first.startswith(reason) for reason in reasons), first
    for reason in reasons:
        assert any(first.startswith(reason) for first in explained), reason
    assert {case.id for case in CASES} >= DIFFERING
    assert all(re.search(r"\S", cell) for line in table.strip().splitlines() for cell in line.split("|")[1:5])
