"""Answers over gRPC: typed fields, signatures by any method, tensors that no graph has.

Facts of TensorFlow Serving's source, newest snapshot and 2.10: predict_util.cc, classifier.cc, regressor.cc.
"""

from __future__ import annotations

from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import classification_pb2, inference_pb2, predict_pb2, regression_pb2
from tests import handmade
from tests.cpuservers import Server, config_flag, predict_request, running, wait_for
from tests.wire.cpuserver.models import changed, serving, with_example

# (TensorFlow's dtype, field of TensorProto, value that is sent, what the field holds)
TYPED = [
    ("float32", "float_val", 1.5, 1.5),
    ("float64", "double_val", 1.1, 1.1),
    ("int8", "int_val", -3, -3),
    ("int16", "int_val", -300, -300),
    ("int32", "int_val", 70000, 70000),
    ("uint8", "int_val", 200, 200),
    ("uint16", "int_val", 60000, 60000),
    ("int64", "int64_val", -(2**40), -(2**40)),
    ("uint32", "uint32_val", 2**32 - 1, 2**32 - 1),
    ("uint64", "uint64_val", 2**64 - 1, 2**64 - 1),
    ("bool", "bool_val", True, True),
    ("half", "half_val", 0x3E00, 0x3E00),  # the bits of 1.5
    ("bfloat16", "half_val", 0x3FC0, 0x3FC0),
    ("string", "string_val", b"a\0b", b"a\0b"),
]


ENUMS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8,
    "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "half": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip


def identity_request(name: str, field: str, values: list) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "shapes", name
    proto = request.inputs["x"]
    proto.dtype = ENUMS[name]
    getattr(proto, field).extend(values)
    proto.tensor_shape.dim.add(size=1)
    return request


@pytest.mark.parametrize(("name", "field", "value", "held"), TYPED)
def test_answers_carry_typed_fields(server: Server, name: str, field: str, value, held) -> None:
    answer = server.call("Predict", identity_request(name, field, [value])).outputs["y"]
    assert list(getattr(answer, field)) == [held]
    assert not answer.tensor_content
    assert (answer.dtype, [dim.size for dim in answer.tensor_shape.dim]) == (ENUMS[name], [1])


def test_a_complex_answer_has_its_parts_after_each_other(server: Server) -> None:
    answer = server.call("Predict", identity_request("complex64", "scomplex_val", [1.5, -2.0])).outputs["y"]
    assert list(answer.scomplex_val) == [1.5, -2.0]


def test_a_client_that_reads_both_forms_may_ask_for_bytes(server: Server) -> None:
    request = predict_request("affine", x=np.float32([[1, 2]]))
    call = server.channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=predict_pb2.PredictResponse.FromString,
    )
    answer = call(request, timeout=60, metadata=(("neuronserve-tensor-content", "1"),)).outputs["y"]
    assert np.frombuffer(answer.tensor_content, np.float32).tolist() == [4.0, 7.0]
    assert not answer.float_val


def test_tensor_content_is_a_flag(exported: Path, tmp_path: Path) -> None:
    with serving(tmp_path, exported, ["affine"], "--enable_serialization_as_tensor_content") as server:
        answer = server.call("Predict", predict_request("affine", x=np.float32([[1, 2]]))).outputs["y"]
    assert answer.tensor_content
    assert not answer.float_val


ClassificationRequest = classification_pb2.ClassificationRequest
METHOD_NAMES = ("", "my/Method", "tensorflow/serving/predict")


@pytest.fixture(scope="module")
def renamed(exported: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server whose models have all signatures with one method name each: model ``m0``, ``m1``, ``m2``."""
    folder = tmp_path_factory.mktemp("renamed")
    for at, name in enumerate(METHOD_NAMES):

        def rename(graph, name=name) -> None:
            for signature in graph.signature_def.values():
                signature.method_name = name

        changed(exported / "examples" / "1", folder / f"m{at}" / "1", rename)
    with serving(folder, folder, ("m0", "m1", "m2")) as server:
        yield server


@pytest.mark.parametrize("at", range(len(METHOD_NAMES)), ids=METHOD_NAMES)
class TestMethodName:
    def test_predict(self, renamed: Server, at: int) -> None:
        serialized = with_example(ClassificationRequest(), "").input.example_list.examples[0]
        request = predict_request(f"m{at}", "predict", examples=[serialized.SerializeToString()])
        assert list(renamed.call("Predict", request).outputs["value"].float_val) == [0.5]

    def test_classify(self, renamed: Server, at: int) -> None:
        request = with_example(ClassificationRequest(), f"m{at}")
        (row,) = renamed.call("Classify", request).result.classifications
        assert [(c.label, c.score) for c in row.classes] == [("low", 0.5), ("high", 0.5)]

    def test_regress(self, renamed: Server, at: int) -> None:
        request = with_example(regression_pb2.RegressionRequest(), f"m{at}", "regress")
        assert [r.value for r in renamed.call("Regress", request).result.regressions] == [0.5]

    def test_multi_inference(self, renamed: Server, at: int) -> None:
        request = inference_pb2.MultiInferenceRequest()
        request.input.CopyFrom(with_example(ClassificationRequest(), "").input)
        for signature, method in (("serving_default", "classify"), ("regress", "regress")):
            task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
            task.model_spec.name, task.model_spec.signature_name = f"m{at}", signature
        classified, regressed = renamed.call("MultiInference", request).results
        assert classified.classification_result.classifications[0].classes[1].label == "high"
        assert regressed.regression_result.regressions[0].value == 0.5


def test_a_flag_checks_method_names_as_before_2_4(exported: Path, tmp_path: Path) -> None:
    with serving(tmp_path, exported, ["examples"], "--enable_signature_method_name_check") as server:
        assert server.call("Classify", with_example(ClassificationRequest(), "examples")).result
        with pytest.raises(grpc.RpcError) as refused:
            server.call("Classify", with_example(ClassificationRequest(), "examples", "regress"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == (
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/regress"
    )


def composite(graph) -> None:
    for name in ("sparse", "ragged", "absent"):
        graph.signature_def[name].CopyFrom(graph.signature_def["serving_default"])
    graph.signature_def["sparse"].inputs["x"].coo_sparse.values_tensor_name = "values:0"
    ragged = graph.signature_def["ragged"].outputs["y"]
    ragged.composite_tensor.components.add(name="flat:0")
    graph.signature_def["absent"].outputs["y"].name = "no_such_operation:0"


@pytest.mark.parametrize("signature", ["sparse", "ragged", "absent"])
def test_tensors_that_are_not_in_the_graph_are_an_invalid_argument_and_the_others_serve(
    exported: Path, tmp_path: Path, signature: str
) -> None:
    changed(exported / "affine" / "1", tmp_path / "m" / "1", composite)
    with serving(tmp_path, tmp_path, ["m"]) as server:
        assert server.predict("m", x=np.float32([[1, 2]]))["y"].tolist() == [[3, 5]]
        with pytest.raises(grpc.RpcError) as refused:
            server.predict("m", signature, x=np.float32([[1, 2]]))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "was not found in the Graph" in refused.value.details()


def two_inputs(folder: Path) -> None:
    """A classify and a regress signature with an input tensor each, as ``tf.saved_model.save`` has them."""
    string, integer = 7, 3
    axis = handmade.node("axis", "Const", dtype=integer)
    axis.attr["value"].tensor.CopyFrom(tensorproto.encode(np.asarray(1, np.int32), integer))
    nodes = [
        *(handmade.node(name, "Placeholder", dtype=string) for name in ("a", "b")),
        axis,
        handmade.node("classes", "ExpandDims", "a", "axis", T=string, Tdim=integer),
        handmade.node("length", "StringLength", "b"),
        handmade.node("value", "Cast", "length", SrcT=integer, DstT=handmade.FLOAT),
    ]
    model = handmade.saved_model(nodes, {}, {})
    signatures = model.meta_graphs[0].signature_def
    signatures.clear()
    for name, source, output, tensor in (
        ("classify", "a:0", "classes", "classes:0"),
        ("regress", "b:0", "outputs", "value:0"),
    ):
        signature = signatures[name]
        signature.method_name = "tensorflow/serving/predict"
        signature.inputs["inputs"].name, signature.inputs["inputs"].dtype = source, string
        signature.outputs[output].name = tensor
    handmade.write(model, folder)


def test_multi_inference_feeds_each_input_tensor_the_same_examples(tmp_path: Path) -> None:
    two_inputs(tmp_path / "m" / "1")
    request = inference_pb2.MultiInferenceRequest()
    request.input.CopyFrom(with_example(ClassificationRequest(), "").input)
    for name in ("classify", "regress"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{name}")
        task.model_spec.name, task.model_spec.signature_name = "m", name
    with serving(tmp_path, tmp_path, ["m"]) as server:
        classified, regressed = server.call("MultiInference", request).results
    (example,) = request.input.example_list.examples
    assert regressed.regression_result.regressions[0].value == len(example.SerializeToString())
    assert len(classified.classification_result.classifications[0].classes) == 1


def test_until_the_first_models_are_loaded_a_request_is_told_to_wait(tmp_path: Path) -> None:
    """TensorFlow Serving has no open port then; its own tests wait for "Servable not found" of any model."""
    handmade.doubling(tmp_path / "m" / "1")
    with running(tmp_path, config_flag(tmp_path, ["m"])) as server:
        codes: list[tuple[grpc.StatusCode, str]] = []

        def is_ready() -> bool:
            with pytest.raises(grpc.RpcError) as refused:
                server.predict("intentionally_missing_model", x=[1.0])
            codes.append((refused.value.code(), refused.value.details()))
            return refused.value.code() is grpc.StatusCode.NOT_FOUND

        wait_for(is_ready, "Servable not found")
        assert server.predict("m", x=np.float32([[1, 2]]))["y"].tolist() == [[2, 4]]
    assert codes[-1][1].startswith("Servable not found for request")
    assert {code for code, _ in codes[:-1]} <= {grpc.StatusCode.UNAVAILABLE}
