"""Records together are answered as each would have been alone, one line each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.errors import InputMismatch, MalformedBody, RequestError
from neuronserve.payload import decode, encode, media, records
from neuronserve.payload.pieces import Piece, Pieces
from neuronserve.payload.records import CsvRecords, JsonRecords
from neuronserve.payload.signature import Signature, TensorSpec

LINES, CSV = media.parse("application/jsonlines"), media.parse("text/csv")


def signature(*inputs: TensorSpec) -> Signature:
    return Signature("serving_default", "predict", {spec.name: spec for spec in inputs}, {})


ROWS = signature(TensorSpec("x", "float32", (None, 2), compiled=True))
SCALARS = signature(TensorSpec("x", "float32", (None,)))
MATRICES = signature(TensorSpec("x", "float32", (None, 2, 2)))
UNKNOWN = signature(TensorSpec("x", "float32", None))
TEXTS = signature(TensorSpec("x", "string", (None,)))
TWO = signature(TensorSpec("a", "float32", (None, 2)), TensorSpec("b", "int64", (None,)))


def model(arrays: Any) -> dict[str, Any]:
    """Each row for itself: what came in goes out, beside a number made of it."""
    return {f"{name}_out": array for name, array in arrays.items()}


def line_of(line: str, given_signature: Signature) -> bytes:
    """What the record alone is answered with."""
    decoded = decode(line.encode(), media.JSON, {"serving_default": given_signature})
    return encode(model(decoded.arrays), LINES, decoded.form, given_signature)[0] + b"\n"


def answered(reader: Any, pieces: list[Piece], wanted: Any = LINES) -> bytes:
    found = [group for piece in pieces for group in reader.read(piece)]
    return b"".join(records.write(model(group.decoded.arrays), group, wanted) for group in found)


def cut(body: bytes, size: int, *, csv: bool) -> list[Piece]:
    pieces = Pieces(iter([body]), csv=csv, longest=1 << 20)
    return list(iter(lambda: pieces.take(size), None))


def json_of(*shape: int) -> st.SearchStrategy[Any]:
    number = st.integers(-9, 9).map(float)
    made = number
    for size in reversed(shape):
        made = st.lists(made, min_size=size, max_size=size)
    return made


FORMS = [
    (ROWS, json_of(2)),
    (ROWS, st.one_of(json_of(2), json_of(1, 2), json_of(3, 2))),
    (ROWS, st.one_of(json_of(2), json_of(2, 2).map(lambda v: {"instances": v}))),
    (ROWS, st.one_of(json_of(2), json_of(2, 2).map(lambda v: {"inputs": v}), st.just({"instances": []}))),
    (ROWS, json_of(2).map(lambda v: {"x": v})),
    (SCALARS, st.one_of(json_of(), json_of(3))),
    (MATRICES, json_of(2, 2)),
    (UNKNOWN, st.one_of(json_of(2), json_of(2, 2), json_of())),
    (
        TEXTS,
        st.one_of(st.text(max_size=4), st.just({"b64": "AAE="}), st.lists(st.text(max_size=3), min_size=1)),
    ),
    (TWO, st.tuples(json_of(2), st.integers(-5, 5)).map(lambda v: {"a": v[0], "b": v[1]})),
]


@pytest.mark.parametrize("form", range(len(FORMS)))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_lines_of_json_are_answered_as_alone(form: int, data) -> None:
    given_signature, instance = FORMS[form]
    lines = [json.dumps(value) for value in data.draw(st.lists(instance, min_size=1, max_size=8))]
    many = lines * data.draw(st.sampled_from([1, 60]))  # long enough for the quick reading
    end = data.draw(st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))
    body = end.join(many).encode() + data.draw(st.sampled_from([b"", b"\n", b"\n \n"]))
    reader = JsonRecords({"serving_default": given_signature}, None, "predict")
    found = answered(reader, cut(body, data.draw(st.sampled_from([10, 300, 5000])), csv=False))
    assert found == b"".join(line_of(line, given_signature) for line in many)
    assert found.count(b"\n") == len(many)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=300),
    st.sampled_from([1, 50, 3000]),
)
def test_rows_of_csv_are_answered_with_a_line_each(rows, size) -> None:
    body = "".join(f"{a},{b}\n" for a, b in rows).encode()
    signatures = {"serving_default": ROWS}
    lines = answered(CsvRecords(signatures, None, None), cut(body, size, csv=True))
    assert lines == b"".join(line_of(f"[{a},{b}]", ROWS) for a, b in rows)
    table = answered(CsvRecords(signatures, None, None), cut(body, size, csv=True), CSV)
    assert table == "".join(f"{a:.1f},{b:.1f}\n" for a, b in rows).encode()


def test_the_header_of_csv_names_the_inputs_of_all_pieces() -> None:
    pieces = Pieces(iter([b"b,a\n1,2\n3,4\n5,6\n"]), csv=True, longest=100)
    inputs = signature(TensorSpec("a", "float32", (None,)), TensorSpec("b", "float32", (None,)))
    reader = CsvRecords({"serving_default": inputs}, None, pieces.take(1))
    found = [group for piece in iter(lambda: pieces.take(1), None) for group in reader.read(piece)]
    assert [group.decoded.arrays["a"].tolist() for group in found] == [[2.0], [4.0], [6.0]]


def test_a_record_over_several_lines_is_one_record() -> None:
    body = b'"a\nb"\n"c,""d"\r\ne'
    found = answered(CsvRecords({"serving_default": TEXTS}, None, None), cut(body, 1, csv=True))
    assert [json.loads(line)["predictions"] for line in found.splitlines()] == [["a\nb"], ['c,"d'], ["e"]]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"1,2\n3,x\n", 'line 2, column 2: "x" is no float32'),
        (b"1,2\n3,4\n5\n", "line 3 has 1 values where 2 were expected"),
        (b"1,2\n\n3,4\n", "line 2 is blank"),
        (b"\n\n1,2\n", "line 1 is blank"),
        (b'1,2\n"3,4\n', "line 2"),
    ],
)
def test_a_row_of_csv_that_cannot_be_read_is_named_by_its_line(body: bytes, told: str, size: int) -> None:
    with pytest.raises(RequestError) as caught:
        answered(CsvRecords({"serving_default": ROWS}, None, None), cut(body, size, csv=True))
    assert told in str(caught.value)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n\n", b"\r\n\r\n"])
def test_blank_lines_at_the_end_are_nothing(end: bytes) -> None:
    for size in (1, 4, 1000):
        found = answered(
            CsvRecords({"serving_default": ROWS}, None, None), cut(b"1,2\n3,4" + end, size, csv=True)
        )
        assert found.count(b"\n") == 2
        reader = JsonRecords({"serving_default": ROWS}, None, "predict")
        assert answered(reader, cut(b"[1,2]\n[3,4]" + end, size, csv=False)).count(b"\n") == 2


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("line", "error", "told"),
    [
        (b"[1,", MalformedBody, "line 3: it is not JSON"),
        (b"[1,2,3]", InputMismatch, "line 3: "),
        (b'{"y": 1}', InputMismatch, "line 3: "),
        (b"\xff", MalformedBody, "line 3: it is not UTF-8"),
        (b'{"x":[1,2],"x":[1,2]}', MalformedBody, 'line 3: the key "x"'),
    ],
)
def test_a_line_of_json_that_cannot_be_read_is_named(line: bytes, error, told: str, size: int) -> None:
    reader = JsonRecords({"serving_default": ROWS}, None, "predict")
    with pytest.raises(error) as caught:
        answered(reader, cut(b"[1,2]\n\n" + line + b"\n[3,4]\n", size, csv=False))
    assert told in str(caught.value)


def test_rows_that_cannot_be_told_apart_by_records_are_a_fault() -> None:
    (group,) = JsonRecords({"serving_default": ROWS}, None, "predict").read(Piece(b"[1,2]\n[3,4]\n", 1))
    with pytest.raises(InputMismatch, match="lines 1-2: 2 records were answered with 7 rows"):
        records.write({"y": np.zeros((7, 1))}, group, LINES)


def test_csv_has_one_line_for_a_record() -> None:
    (group,) = JsonRecords({"serving_default": ROWS}, None, "predict").read(Piece(b"[[1,2],[3,4]]\n", 5))
    with pytest.raises(InputMismatch, match="line 5: 2 rows in the answer"):
        records.write(model(group.decoded.arrays), group, CSV)


def test_outputs_stand_side_by_side_in_the_line_of_their_record() -> None:
    (group,) = JsonRecords({"serving_default": ROWS}, None, "predict").read(Piece(b"[1,2]\n[3,4]\n", 1))
    outputs = {"score": np.array([0.5, np.nan], np.float32), "label": np.array([b"x", b'y"\n'], object)}
    found = records.write(outputs, group, LINES)
    assert found == (
        b'{"predictions":[{"score":0.5,"label":"x"}]}\n{"predictions":[{"score":NaN,"label":"y\\"\\n"}]}\n'
    )
