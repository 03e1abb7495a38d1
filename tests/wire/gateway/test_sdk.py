"""What the SageMaker Python SDK's own deserializers make of an answer, with the Accept that each sends.

They compare the answer's Content-Type as it is, so no parameter may stand in it.
"""

from __future__ import annotations

import io

import numpy as np
import pytest

from tests import sdk

ROWS = '{"instances": [[1, 2], [3, 4]]}'
DOUBLED = [[2.0, 4.0], [6.0, 8.0]]
CSV, JSON, NPY, NPZ = "text/csv", "application/json", "application/x-npy", "application/x-npz"


@pytest.fixture(scope="module")
def deserializers():
    return sdk.load()[1]


def ask(gateway, deserializer):
    """The Content-Type, and what it reads."""
    answer = gateway().post(ROWS, Accept=", ".join(deserializer.ACCEPT))
    assert answer.status_code == 200, answer.data
    told = answer.headers["Content-Type"]
    return told, deserializer.deserialize(_Body(answer.data), told)


class _Body(io.BytesIO):
    """botocore's StreamingBody, as far as they use it."""

    def iter_lines(self):
        return iter(self)


@pytest.mark.parametrize(
    ("name", "accept", "content_type", "value"),
    [
        ("JSONDeserializer", None, JSON, {"predictions": DOUBLED}),
        ("JSONDeserializer", ("application/json", "text/csv"), JSON, {"predictions": DOUBLED}),
        ("JSONLinesDeserializer", None, "application/jsonlines", [{"predictions": DOUBLED}]),
        ("CSVDeserializer", None, CSV, [["2.0", "4.0"], ["6.0", "8.0"]]),
        ("StringDeserializer", None, JSON, '{"predictions":[[2.0,4.0],[6.0,8.0]]}'),
        ("BytesDeserializer", None, JSON, b'{"predictions":[[2.0,4.0],[6.0,8.0]]}'),
    ],
)
def test_texts_are_read(gateway, deserializers, name, accept, content_type, value) -> None:
    made = getattr(deserializers, name)(**({"accept": accept} if accept else {}))
    assert ask(gateway, made) == (content_type, value)


@pytest.mark.parametrize("accept", [NPY, CSV, NPZ, (NPY, JSON), (CSV, JSON), (NPZ, NPY)])
def test_arrays_are_read(gateway, deserializers, accept) -> None:
    first = accept if isinstance(accept, str) else accept[0]
    told, found = ask(gateway, deserializers.NumpyDeserializer(accept=accept))
    assert told == first
    assert np.asarray(found["y"] if first == NPZ else found).tolist() == DOUBLED


@pytest.mark.parametrize("accept", [None, CSV, "text/csv; header=present"])
def test_tables_are_read(gateway, deserializers, accept) -> None:
    """pandas takes the first line of a CSV for the names, so a header is worth its Accept."""
    pytest.importorskip("pandas")
    told, found = ask(gateway, deserializers.PandasDeserializer(**({"accept": accept} if accept else {})))
    names = ["y_0", "y_1"] if accept and "header" in accept else ["2.0", "4.0"]
    assert (told, list(found.columns)) == (CSV, names)
    assert found.iloc[-1].tolist() == DOUBLED[-1]


def test_one_for_a_form_that_cannot_be_made_is_refused_in_json(gateway) -> None:
    for accept in ("tensor/pt", "application/x-recordio-protobuf", "text/html"):
        answer = gateway().post(ROWS, Accept=accept)
        assert (answer.status_code, answer.json["code"]) == (406, "not_acceptable")
        assert answer.headers["Content-Type"] == JSON


@pytest.mark.parametrize("accept", [CSV, NPY, "application/jsonlines", "application/x-protobuf"])
def test_an_error_is_json_whatever_the_answer_would_have_been(gateway, accept: str) -> None:
    answer = gateway().post("{", Accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, JSON)
    assert set(answer.json) == {"error", "code", "request_id"}
