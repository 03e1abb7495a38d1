from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import InputMismatch
from neuronserve.messages import predict_pb2
from neuronserve.modelserver import tensors
from neuronserve.payload import Signature, TensorSpec
from neuronserve.readiness.made import made, predictable
from neuronserve.readiness.subject import Subject


def subject(**batches: SignatureBatch) -> Subject:
    return Subject("m", 3, Path("/models/m/3"), Compiled(version=3, signatures=batches))


def signature(name: str = "serving_default", method: str = "predict", **inputs) -> Signature:
    specs = {key: TensorSpec(key, dtype, shape) for key, (dtype, shape) in inputs.items()}
    return Signature(name, method, specs, {})


def inputs_of(one: Subject, chosen: Signature) -> dict[str, np.ndarray]:
    request = predict_pb2.PredictRequest.FromString(made(one, chosen).message)
    assert request.model_spec.name == "m"
    assert request.model_spec.version.value == 3
    assert request.model_spec.signature_name == chosen.name
    return {name: tensors.read(proto) for name, proto in request.inputs.items()}


@pytest.mark.parametrize(
    ("dtype", "nothing"),
    [("float32", 0.0), ("bfloat16", 0.0), ("int64", 0), ("bool", False), ("string", b"")],
)
def test_unknown_sizes_are_one_and_values_are_nothings(dtype, nothing) -> None:
    found = inputs_of(subject(), signature(x=(dtype, (None, 2, None))))
    assert found["x"].shape == (1, 2, 1)
    assert set(found["x"].ravel().tolist()) == {nothing}


def test_the_compiled_batch_is_filled_where_an_input_has_it() -> None:
    one = subject(serving_default=SignatureBatch(8, inputs=("x",)))
    found = inputs_of(one, signature(x=("float32", (None, 2)), k=("int32", ())))
    assert {name: array.shape for name, array in found.items()} == {"x": (8, 2), "k": ()}


def test_an_unknown_rank_is_taken_for_a_plain_batch() -> None:
    one = subject(serving_default=SignatureBatch(4, inputs=("x",)))
    assert inputs_of(one, signature(x=("float32", None)))["x"].shape == (4,)


def test_the_message_stays_small_whatever_the_shape() -> None:
    assert len(made(subject(), signature(x=("float32", (None, 1024, 1024)))).message) < 100


def test_what_would_fill_the_servers_memory_is_not_made() -> None:
    with pytest.raises(InputMismatch, match="more than 64 MiB"):
        made(subject(), signature(x=("float32", (None, 1 << 20, 1 << 20))))


def test_a_dtype_that_no_request_carries_is_not_made() -> None:
    with pytest.raises(InputMismatch, match="resource"):
        made(subject(), signature(x=("resource", ())))


def test_only_signatures_that_take_something_to_predict_are_asked() -> None:
    x = {"x": ("float32", (None,))}
    found = [
        signature("serving_default", **x), signature("__saved_model_init_op", **x), signature("nothing"),
        signature("classify", "classify", **x), signature("another", **x),
    ]  # fmt: skip
    assert [s.name for s in predictable({s.name: s for s in found})] == ["another", "serving_default"]
