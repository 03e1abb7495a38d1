import grpc
import numpy as np
import pytest

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.messages import predict_pb2
from tests.cpuservers import Server, predict_request

ALL_DTYPES = ("bfloat16", "half", "float32", "float64", "bool", "int8", "int16", "int32", "int64",
              "uint8", "uint16", "uint32", "uint64", "complex64", "string")  # fmt: skip


def refusal(server: Server, request, method="Predict"):
    with pytest.raises(grpc.RpcError) as caught:
        server.call(method, request)
    return caught.value.code(), caught.value.details()


def test_a_tf2_model_with_a_variable_answers(server):
    assert server.predict("affine", x=np.float32([[1, 2]]))["y"].tolist() == [[4, 7]]


def test_the_answer_names_the_model_the_version_and_the_signature(server):
    answer = server.call("Predict", predict_request("affine", x=np.float32([[1, 2]])))
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("affine", 2)
    assert answer.model_spec.signature_name == "serving_default"


def test_a_version_can_be_asked_for(server):
    request = predict_request("affine", x=np.float32([[1, 2]]))
    request.model_spec.version.value = 1
    answer = server.call("Predict", request)
    assert tensorproto.decode(answer.outputs["y"]).tolist() == [[3, 5]]
    assert answer.model_spec.version.value == 1


def test_several_inputs_of_strings_and_integers_answer_with_several_outputs(server):
    outputs = server.predict("mixed", word=["ä", "b"], times=np.int64([3, 2**60]))
    assert outputs["joined"].tolist() == ["ä*3".encode(), b"b*1152921504606846976"]
    assert outputs["doubled"].tolist() == [6, 2**61]


def test_an_output_filter_chooses_outputs(server):
    request = predict_request("mixed", word=["a"], times=np.int64([1]))
    request.output_filter.append("doubled")
    assert list(server.call("Predict", request).outputs) == ["doubled"]


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_every_dtype_goes_in_and_comes_out_as_it_was(server, name):
    number = {v: k for k, v in [(k, dtypes.name(k)) for k in range(1, 24)]}[
        {"float32": "float", "float64": "double"}.get(name, name)
    ]
    dtype = dtypes.numpy_dtype(number)
    array = (
        np.array([b"", b"\xff\x00", b"long " * 50], object)
        if dtype.hasobject
        else np.array([0, 1, 1]).astype(dtype)
    )
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "shapes", name
    request.inputs["x"].CopyFrom(tensorproto.encode(array, number))
    answer = server.call("Predict", request).outputs["y"]
    assert answer.dtype == number
    assert tensorproto.decode(answer).tolist() == array.tolist()


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (1, 2, 3, 4, 5)])
def test_a_signature_of_unknown_rank_takes_any_shape(server, shape):
    x = np.ones(shape, np.float32)
    y = server.predict("shapes", "any", x=x)["y"]
    assert y.shape == shape
    assert (y == 2).all()


def test_a_scalar_goes_in_and_comes_out(server):
    assert server.predict("shapes", "scalar", x=np.float32(1.5))["y"].tolist() == 3.0


def test_an_empty_batch_gives_an_empty_answer(server):
    assert server.predict("affine", x=np.zeros((0, 2), np.float32))["y"].shape == (0, 2)


def test_the_last_of_too_few_values_fills_the_rest(server):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "affine"
    tensor = request.inputs["x"]
    tensor.dtype = 1
    tensor.float_val.append(1.0)
    for size in (2, 2):
        tensor.tensor_shape.dim.add(size=size)
    assert tensorproto.decode(server.call("Predict", request).outputs["y"]).tolist() == [[4, 4], [4, 4]]


def test_a_message_of_many_megabytes_passes_both_ways(server):
    x = np.zeros((1_500_000, 2), np.float32)
    assert server.predict("affine", x=x)["y"].shape == x.shape


def test_tf1_examples_pass_through_predict_too(server):
    from neuronserve.messages import example_pb2

    example = example_pb2.Example()
    example.features.feature["x"].float_list.value.append(0.25)
    outputs = server.predict("examples", "predict", examples=[example.SerializeToString()])
    assert outputs["value"].tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("model", "version", "text"),
    [
        ("nope", None, "Servable not found for request: Latest(nope)"),
        ("affine", 7, "Servable not found for request: Specific(affine, 7)"),
    ],
)
def test_an_unknown_model_or_version_is_not_found(server, model, version, text):
    request = predict_request(model, x=np.float32([[1, 2]]))
    if version:
        request.model_spec.version.value = version
    assert refusal(server, request) == (grpc.StatusCode.NOT_FOUND, text)


def test_a_request_without_a_name_is_refused(server):
    assert refusal(server, predict_request("")) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "ModelSpec has no name specified.",
    )


def test_an_unknown_signature_is_a_failed_precondition(server):
    assert refusal(server, predict_request("affine", "foo")) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "foo" not found.',
    )


def test_an_unknown_label_is_refused(server):
    request = predict_request("affine")
    request.model_spec.version_label = "best"
    assert refusal(server, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Unrecognized servable version label: best",
    )


def test_a_wrongly_named_input_is_told_the_right_names(server):
    code, text = refusal(server, predict_request("affine", z=np.float32([[1, 2]])))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert text == ("input tensor alias not found in signature: z. Inputs expected to be in the set {x}.")


def test_a_missing_input_is_named(server):
    code, text = refusal(server, predict_request("mixed", word=["a"]))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert text.endswith("Sent extra: {}. Missing but required: {times}.")


def test_an_unknown_output_is_told_the_right_names(server):
    request = predict_request("affine", x=np.float32([[1, 2]]))
    request.output_filter.append("z")
    assert refusal(server, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
    )


def test_a_wrong_dtype_is_refused_in_tensorflows_words(server):
    code, text = refusal(server, predict_request("affine", x=["a"]))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "float" in text
    assert "string" in text


def test_an_error_of_an_operator_keeps_its_code_and_text(server):
    code, text = refusal(server, predict_request("affine", "inverse", x=np.zeros((2, 2), np.float32)))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "Input is not invertible" in text


def test_content_that_does_not_fit_its_shape_is_refused(server):
    request = predict_request("affine", x=np.float32([[1, 2]]))
    request.inputs["x"].tensor_content += b"1"
    code, text = refusal(server, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("tensor parsing error: x")


def test_a_deadline_stops_tensorflow(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict("shapes", "spin", timeout=0.5, steps=np.int64(2**40))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.predict("affine", x=np.float32([[1, 2]]))["y"].tolist() == [[4, 7]]
