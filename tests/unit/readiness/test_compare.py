from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuronserve.readiness.compare import Tolerance, difference

EXACT = Tolerance(0, 0)


def differ(expected, got, tolerance=EXACT) -> str:
    return difference({"y": np.asarray(expected)}, {"y": np.asarray(got)}, tolerance)


def texts(*values: bytes):
    return np.array(values, object)


@given(array=hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, min_side=0)))
def test_what_is_equal_never_differs(array) -> None:
    assert differ(array.astype(np.float64), array) == ""


@given(array=hnp.arrays(np.float32, 5, elements=st.floats(-1e6, 1e6, width=32)))
def test_rounding_to_bfloat16_is_within_the_default_tolerance(array) -> None:
    assert differ(array.astype(np.float64), array.astype(ml_dtypes.bfloat16), Tolerance()) == ""


@given(
    array=hnp.arrays(np.float64, (2, 3), elements=st.floats(-1e3, 1e3)),
    at=st.tuples(st.integers(0, 1), st.integers(0, 2)),
    off=st.floats(0.02, 100),
)
def test_a_value_beyond_the_tolerance_is_named_with_its_place(array, at, off) -> None:
    got = array.copy()
    got[at] += 0.01 * abs(array[at]) + off
    told = differ(array, got, Tolerance())
    assert told.startswith(f'output "y"[{at[0]}][{at[1]}]: expected ')
    assert "1 of 6 values differ" in told


def test_the_first_difference_is_told_with_both_values_the_largest_and_the_tolerance() -> None:
    told = differ([[1.0, 2.0], [3.0, 4.0]], np.float32([[1, 2.5], [3, 14]]), Tolerance(0.1, 0.25))
    assert told == (
        'output "y"[0][1]: expected 2.0, got 2.5; 2 of 4 values differ; the largest difference is 10; '
        "tolerance rtol 0.1, atol 0.25"
    )


@given(array=hnp.arrays(np.float16, 3, elements=st.floats(width=16)))
def test_a_recorded_answer_is_met_without_any_tolerance(array) -> None:
    recorded = [float(f"{value:.8g}") for value in array]  # as text has it
    assert differ(recorded, array) == ""


def test_a_number_beyond_what_the_output_can_hold_is_no_infinity() -> None:
    assert "expected 1e+300, got inf" in differ([1e300], np.float32([np.inf]), Tolerance(1, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_equals_nan_and_an_infinity_itself(value) -> None:
    assert differ([value, 1.0], np.float32([value, 1]), Tolerance()) == ""


@pytest.mark.parametrize(
    ("expected", "got"), [(np.inf, -np.inf), (np.inf, 1e30), (1.0, np.inf), (1.0, np.nan)]
)
def test_an_infinity_or_nan_is_near_to_nothing_else(expected, got) -> None:
    assert "1 of 1 values differ" in differ([expected], [got], Tolerance(1, 1e9))


def test_integers_are_compared_exactly_whatever_the_tolerance() -> None:
    assert "expected 2, got 3" in differ([1, 2], [1, 3], Tolerance(10, 10))


def test_the_width_of_integers_does_not_matter() -> None:
    assert differ(np.int64([1, 2]), np.uint8([1, 2])) == ""


def test_texts_are_compared_exactly_and_long_ones_are_cut_in_the_message() -> None:
    assert differ(texts(b"cat", b"dog"), texts(b"cat", b"dog")) == ""
    told = differ(texts(b"cat", b"d" * 500), texts(b"cat", b"e"))
    assert told.startswith('output "y"[1]: expected b\'ddd')
    assert "got b'e'" in told
    assert len(told) < 200


def test_truths_are_compared_exactly() -> None:
    assert "expected True, got False" in differ([True], [False], Tolerance(1, 1))


@pytest.mark.parametrize(
    ("expected", "got"), [(np.float64(1), np.float32(1.5)), (np.int64(1), np.int32(2)), (True, False)]
)
def test_a_single_value_has_no_index(expected, got) -> None:
    assert differ(expected, got).startswith('output "y": expected')


def test_a_single_text_is_compared_too() -> None:
    assert differ(np.array(b"a", object), np.array(b"a", object)) == ""
    assert "got b'b'" in differ(np.array(b"a", object), np.array(b"b", object))


def test_another_shape_differs() -> None:
    assert differ([[1.0, 2.0]], [1.0, 2.0]) == 'output "y": expected shape [1, 2], got [2]'


def test_another_kind_differs() -> None:
    assert differ([1.0], [1]) == 'output "y": expected float values, got int64'


def test_other_names_differ() -> None:
    told = difference({"y": np.zeros(1)}, {"z": np.zeros(1), "a": np.zeros(1)}, EXACT)
    assert told == 'the model answered "a", "z", and "y" was expected'
