"""What is read from a model server's messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.messages import get_model_metadata_pb2, predict_pb2
from neuronserve.modelserver import calls
from neuronserve.payload import Signature

NAMES = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8, unique=True)


def metadata(*signatures) -> bytes:
    """``signatures``: name and a function that fills its SignatureDef."""
    found = get_model_metadata_pb2.SignatureDefMap()
    for name, fill in signatures:
        fill(found.signature_def[name])
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.metadata["signature_def"].Pack(found)
    return bytes(response.SerializeToString())


def only(fill) -> calls.SignatureInfo:
    signatures, _ = calls.metadata_response(metadata(("serving_default", fill)))
    return signatures["serving_default"]


@given(NAMES, st.randoms())
def test_a_maps_order_is_never_the_signatures(names, random) -> None:
    shuffled = random.sample(names, len(names))

    def fill(proto) -> None:
        for name in shuffled:
            proto.inputs[name].dtype = proto.outputs[name].dtype = 1

    info = only(fill)
    assert list(info.inputs) == list(info.outputs) == sorted(names)
    assert Signature.declared("s", "predict", info.inputs, info.outputs).columns == tuple(sorted(names))


@given(NAMES, st.randoms())
def test_signatures_and_outputs_are_in_the_order_of_their_names(names, random) -> None:
    shuffled = random.sample(names, len(names))
    found, _ = calls.metadata_response(metadata(*((name, lambda _: None) for name in shuffled)))
    assert list(found) == sorted(names)
    response = predict_pb2.PredictResponse()
    for name in shuffled:
        response.outputs[name].dtype = 1
        response.outputs[name].float_val.append(1)
    assert list(calls.predict_response(response.SerializeToString())[0]) == sorted(names)


@given(NAMES, st.randoms())
def test_a_model_may_put_its_csv_columns_in_an_order_of_its_own(names, random) -> None:
    own = random.sample(names, len(names))
    infos = {name: calls.TensorInfo("float32", (None,), "") for name in names}
    assert Signature.declared("s", "predict", infos, {}, own).columns == tuple(own)


def test_a_shape_that_is_not_told_is_unknown_and_a_scalar_is_one() -> None:
    def fill(proto) -> None:
        proto.inputs["absent"].dtype = 1
        proto.inputs["any"].tensor_shape.unknown_rank = True
        proto.inputs["scalar"].tensor_shape.SetInParent()
        for size in (-1, 3):
            proto.inputs["rows"].tensor_shape.dim.add(size=size)

    shapes = {name: info.shape for name, info in only(fill).inputs.items()}
    assert shapes == {"absent": None, "any": None, "scalar": (), "rows": (None, 3)}


@pytest.mark.parametrize(
    ("fill", "composite"),
    [
        (lambda info: setattr(info, "name", "x:0"), ""),
        (lambda info: setattr(info.coo_sparse, "values_tensor_name", "v:0"), "sparse"),
        (lambda info: info.composite_tensor.components.add(name="c:0"), "composite"),
        (lambda info: None, ""),
    ],
)
def test_a_tensor_of_several_parts_is_known_by_its_encoding(fill, composite: str) -> None:
    assert only(lambda proto: fill(proto.inputs["x"])).inputs["x"].composite == composite


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("tensorflow/serving/predict", "predict"),
        ("tensorflow/serving/classify", "classify"),
        ("tensorflow/serving/regress", "regress"),
        ("", "predict"),
        ("my/Method", "predict"),
        ("tensorflow/serving/session_run", "predict"),
    ],
)
def test_a_method_name_that_is_not_known_is_for_predict(written: str, method: str) -> None:
    assert only(lambda proto: setattr(proto, "method_name", written)).method == method
