import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver.batching import parameters, rows
from neuronserve.cpuserver.status import StatusError


def feeds(*sizes, width=2):
    return [{"x:0": (np.full((size, width), at, np.float32), 1)} for at, size in enumerate(sizes)]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 4))
def test_what_is_joined_comes_apart_again(sizes, padding):
    size = sum(sizes) + padding
    joined = rows.join(feeds(*sizes), size, pad_lengths=False)
    assert joined["x:0"][0].shape == (size, 2)
    parts = rows.split([joined["x:0"]], sizes, size)
    for part, call in zip(parts, feeds(*sizes), strict=True):
        assert part[0][0].tolist() == call["x:0"][0].tolist()


def test_inputs_of_different_lengths_are_filled_with_zeros():
    joined = rows.join(feeds(1, width=1) + feeds(1, width=3), 2, pad_lengths=True)
    assert joined["x:0"][0].tolist() == [[0, 0, 0], [0, 0, 0]]
    strings = [{"s": (np.array([[b"a"]], object), 7)}, {"s": (np.array([[b"b", b"c"]], object), 7)}]
    assert rows.join(strings, 2, pad_lengths=True)["s"][0].tolist() == [[b"a", b""], [b"b", b"c"]]


@pytest.mark.parametrize(("call", "text"), [
    ({"x": (np.float32(1).reshape(()), 1)}, "at least one dimension"),
    ({"x": (np.zeros(2), 1), "y": (np.zeros(3), 1)}, "equal 0th-dimension"),
])  # fmt: skip
def test_inputs_without_common_rows_are_refused(call, text):
    with pytest.raises(StatusError, match=text):
        rows.count(call)


@pytest.mark.parametrize("result", [np.zeros(()), np.zeros(5)])
def test_results_without_the_batchs_rows_are_refused(result):
    with pytest.raises(StatusError, match=r"[Bb]atched output tensor"):
        rows.split([(result, 1)], [1, 1], 2)


def written(tmp_path, text):
    path = tmp_path / "parameters"
    path.write_text(text)
    return path


def test_parameters_are_read_from_tf_servings_text_form(tmp_path):
    text = """max_batch_size { value: 8 } batch_timeout_micros { value: 5 } max_enqueued_batches { value: 3 }
    num_batch_threads { value: 2 } thread_pool_name { value: "p" } allowed_batch_sizes: [4, 8]
    pad_variable_length_inputs: true"""
    found = parameters.read(written(tmp_path, text), 4)
    assert found == parameters.Parameters(
        8, 5, 3, 2, (4, 8), pad_variable_length_inputs=True, max_execution_batch_size=8
    )
    assert [found.padded(n) for n in (1, 4, 5, 8)] == [4, 4, 8, 8]


SPLITTING = "enable_large_batch_splitting { value: true } max_batch_size { value: 16 } "


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("max_batch_size { value: 0 }", "at least 1"),
        ("allowed_batch_sizes: [8, 4]", "monotonically increasing"),
        ("nonsense: 1", "Invalid protobuf file"),
        ("allowed_batch_sizes: [4]", "must match max_batch_size"),
        ("allowed_batch_sizes: [4, 4] max_batch_size { value: 4 }", "monotonically increasing"),
        (
            SPLITTING + "max_execution_batch_size { value: 4 } allowed_batch_sizes: [2, 8]",
            "must match max_batch_size or max_execution_batch_size; last entry was 8; expected 16 or 4",
        ),
        (
            SPLITTING + "max_execution_batch_size { value: 32 }",
            "must not be greater",
        ),
    ],
)
def test_wrong_parameters_are_refused(tmp_path, text, complaint):
    with pytest.raises(StatusError, match=complaint):
        parameters.read(written(tmp_path, text), 1)


def test_without_a_file_the_defaults_hold():
    assert parameters.read(None, 3) == parameters.Parameters(num_batch_threads=3)
