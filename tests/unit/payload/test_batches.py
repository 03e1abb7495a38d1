from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.compiled import SignatureBatch
from neuronserve.errors import InputMismatch, ModelFailed
from neuronserve.payload import Signature, TensorSpec
from neuronserve.payload.batches import Split, relaxed, split

DTYPES = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "string",
]


def rows_of(dtype: str, n: int) -> np.ndarray[Any, Any]:
    if dtype == "string":
        made = np.empty((n, 2), object)
        made[...] = [[b"%d" % i, b"\0%d" % -i] for i in range(n)] if n else made
        return made
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    return (np.arange(n * 2).reshape(n, 2) % 100).astype(dtype)


def sizes(made: Split) -> list[int]:
    return [len(part["x"]) for part in made.parts]


batches = st.builds(SignatureBatch, st.integers(1, 9), st.booleans(), st.just(("x",)), st.just(()))


@given(batches, st.integers(0, 60), st.integers(1, 8), st.booleans(), st.sampled_from(DTYPES))
def test_what_is_split_and_joined_is_what_it_was(
    batch: SignatureBatch, n: int, lanes: int, pad: bool, dtype: str
) -> None:
    x = rows_of(dtype, n)
    made = split({"x": x}, batch, lanes=lanes, pad=pad)
    joined = made.join(list(made.parts))["x"]
    assert joined.dtype == x.dtype
    assert joined.shape == x.shape
    assert (joined == x).all()
    assert made.rows == n
    assert sum(sizes(made)) == n + made.padding
    assert sizes(made) == [made.parts.size(i) for i in range(len(made.parts))]


@given(st.integers(1, 9), st.integers(0, 60))
def test_each_part_of_a_static_model_is_one_compiled_batch(size: int, n: int) -> None:
    made = split({"x": rows_of("int64", n)}, SignatureBatch(size, inputs=("x",)))
    assert set(sizes(made)) == {size}
    assert made.padding < size or n == 0


@given(st.integers(1, 9), st.integers(0, 200), st.integers(1, 16))
def test_a_dynamic_model_gets_even_multiples_in_no_more_parts_than_lanes(
    size: int, n: int, lanes: int
) -> None:
    found = sizes(split({"x": rows_of("int64", n)}, SignatureBatch(size, True, ("x",)), lanes=lanes))
    assert len(found) <= lanes
    assert {rows % size for rows in found} == {0}
    assert max(found) - min(found) in (0, size)
    assert min(found) > 0


def test_the_rows_of_a_dynamic_model_are_dealt_as_told() -> None:
    made = split({"x": rows_of("int64", 43)}, SignatureBatch(4, True, ("x",)), lanes=4)
    assert (sizes(made), made.padding) == ([12, 12, 12, 8], 1)


@given(st.integers(1, 9), st.integers(1, 60))
def test_without_padding_no_row_is_added(size: int, n: int) -> None:
    made = split({"x": rows_of("int64", n)}, SignatureBatch(size, inputs=("x",)), pad=False)
    assert (made.padding, sum(sizes(made))) == (0, n)
    assert max(sizes(made)) <= size


def test_the_padding_repeats_the_last_row() -> None:
    made = split({"x": np.array([[1, 2], [3, 4], [5, 6]])}, SignatureBatch(2, inputs=("x",)))
    assert [part["x"].tolist() for part in made.parts] == [[[1, 2], [3, 4]], [[5, 6], [5, 6]]]


@pytest.mark.parametrize(("dtype", "filled"), [("float32", 0.0), ("string", b""), ("bool", False)])
def test_no_rows_are_one_batch_of_nothing_and_an_answer_without_rows(dtype: str, filled: Any) -> None:
    made = split({"x": rows_of(dtype, 0)}, SignatureBatch(3, inputs=("x",)))
    assert [part["x"].tolist() for part in made.parts] == [[[filled] * 2] * 3]
    answer = made.join([{"y": np.ones((3, 7), np.float16)}])["y"]
    assert (answer.shape, answer.dtype) == ((0, 7), np.float16)


def test_one_whole_batch_is_passed_on_untouched() -> None:
    arrays = {"x": np.ones((4, 2)), "k": np.array(5)}
    made = split(arrays, SignatureBatch(4, inputs=("x",)))
    assert made.parts[0] is arrays
    answers = {"scalar": np.array(1.0), "y": np.ones(4)}
    assert made.join([answers]) == answers


def test_whole_parts_are_views() -> None:
    x = np.ones((6, 2))
    assert all(
        np.shares_memory(part["x"], x) for part in split({"x": x}, SignatureBatch(2, inputs=("x",))).parts
    )


def test_inputs_without_a_batch_axis_go_along_with_every_part() -> None:
    k = np.array([1, 2, 3])
    made = split({"x": np.ones((5, 2)), "k": k}, SignatureBatch(2, inputs=("x",)))
    assert all(part["k"] is k for part in made.parts)
    assert len(made.parts) == 3


def test_inputs_with_different_rows_are_refused_by_name() -> None:
    with pytest.raises(InputMismatch, match=r'"x" has 3 rows and input "z" has 2'):
        split({"x": np.ones(3), "z": np.ones(2)}, SignatureBatch(2, inputs=("x", "z")))


@pytest.mark.parametrize(("arrays", "said"), [({}, "missing"), ({"x": np.array(1)}, "single value")])
def test_an_input_that_has_no_rows_at_all_is_refused(arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(InputMismatch, match=f'"x" is.* {said}'):
        split(arrays, SignatureBatch(2, inputs=("x",)))


@pytest.mark.parametrize("n", [0, 3, 5, 8])
def test_outputs_known_to_have_no_batch_axis_are_refused_before_the_call(n: int) -> None:
    with pytest.raises(InputMismatch, match=r'output "total" .*send exactly 4 rows'):
        split({"x": np.ones(n)}, SignatureBatch(4, inputs=("x",), unjoinable=("total",)))


def test_outputs_known_to_have_no_batch_axis_pass_with_exactly_one_batch() -> None:
    made = split({"x": np.ones(4)}, SignatureBatch(4, inputs=("x",), unjoinable=("total",)))
    assert made.join([{"total": np.array(7)}]) == {"total": np.array(7)}


def test_a_dynamic_model_with_such_an_output_gets_all_rows_at_once() -> None:
    made = split({"x": np.ones(8)}, SignatureBatch(4, True, ("x",), ("total",)), lanes=8)
    assert (len(made.parts), made.padding) == (1, 0)


@pytest.mark.parametrize("shape", [(), (1,), (3, 2)])
@pytest.mark.parametrize("n", [3, 5])
def test_outputs_found_to_have_no_batch_axis_are_refused(shape: tuple[int, ...], n: int) -> None:
    made = split({"x": np.ones(n)}, SignatureBatch(4, inputs=("x",)))
    with pytest.raises(InputMismatch, match=r'output "total" of shape \[.*batches of 4.*send exactly 4'):
        made.join([{"y": np.ones(4), "total": np.ones(shape)}] * len(made.parts))


def test_rows_of_different_shapes_are_not_joined() -> None:
    made = split({"x": np.ones(4)}, SignatureBatch(2, inputs=("x",)))
    with pytest.raises(InputMismatch, match="cannot be made of"):
        made.join([{"y": np.ones((2, 3))}, {"y": np.ones((2, 4))}])


def test_parts_answered_with_different_outputs_are_the_models_fault() -> None:
    made = split({"x": np.ones(4)}, SignatureBatch(2, inputs=("x",)))
    with pytest.raises(ModelFailed, match='"y"'):
        made.join([{"y": np.ones(2)}, {"z": np.ones(2)}])


def test_a_relaxed_signature_takes_any_number_of_rows() -> None:
    signature = Signature(
        "s",
        "predict",
        {
            "x": TensorSpec("x", "float32", (4, 2)),
            "k": TensorSpec("k", "float32", (3,)),
            "u": TensorSpec("u", "float32", None),
        },
        {"y": TensorSpec("y", "float32", (4, 9)), "total": TensorSpec("total", "float32", (4,))},
    )
    loose = relaxed(signature, SignatureBatch(4, inputs=("x", "u"), unjoinable=("total",)))
    assert {n: s.shape for n, s in loose.inputs.items()} == {"x": (None, 2), "k": (3,), "u": None}
    assert {n: s.shape for n, s in loose.outputs.items()} == {"y": (None, 9), "total": (4,)}
