import grpc
import pytest

from neuronserve.messages import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    regression_pb2,
)
from tests.cpuservers import Server

METHOD = "tensorflow/serving/"


def fill(request, values, context=None, model="examples", signature=""):
    request.model_spec.name, request.model_spec.signature_name = model, signature
    return with_examples(request, values, context)


def with_examples(request, values, context=None):
    target = request.input.example_list if context is None else request.input.example_list_with_context
    if context is not None:
        target.context.features.feature["shift"].float_list.value.append(context)
    for value in values:
        target.examples.add().features.feature["x"].float_list.value.append(value)
    return request


def refusal(server: Server, method, request):
    with pytest.raises(grpc.RpcError) as caught:
        server.call(method, request)
    return caught.value.code(), caught.value.details()


def test_classify_gives_labels_from_an_asset_and_scores(server):
    answer = server.call("Classify", fill(classification_pb2.ClassificationRequest(), [0.25, 0.5]))
    found = [[(c.label, c.score) for c in row.classes] for row in answer.result.classifications]
    assert found == [[("low", 0.5), ("high", 0.5)], [("low", 0.0), ("high", 1.0)]]
    assert answer.model_spec.signature_name == "serving_default"
    assert answer.model_spec.version.value == 1


def test_a_saved_model_as_text_answers_alike(server):
    answer = server.call("Classify", fill(classification_pb2.ClassificationRequest(), [0.5], model="text"))
    assert [c.label for c in answer.result.classifications[0].classes] == ["low", "high"]


def test_classify_without_labels_gives_scores_alone(server):
    request = fill(classification_pb2.ClassificationRequest(), [0.25], signature="only_scores")
    row = server.call("Classify", request).result.classifications[0]
    assert [(c.label, c.score) for c in row.classes] == [("", 0.5), ("", 0.5)]


def test_regress_gives_a_value_for_each_example(server):
    answer = server.call("Regress", fill(regression_pb2.RegressionRequest(), [1, 2], signature="regress"))
    assert [r.value for r in answer.result.regressions] == [2.0, 4.0]


def test_a_context_is_part_of_each_example(server):
    request = fill(regression_pb2.RegressionRequest(), [1, 2], context=10.0, signature="regress")
    assert [r.value for r in server.call("Regress", request).result.regressions] == [12.0, 14.0]


def test_an_empty_input_is_refused(server):
    assert refusal(server, "Classify", fill(classification_pb2.ClassificationRequest(), [])) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Input is empty.",
    )


def test_a_signature_without_classes_and_scores_cannot_classify(server):
    request = fill(classification_pb2.ClassificationRequest(), [1], signature="regress")
    code, text = refusal(server, "Classify", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith(
        'Expected classification signature outputs to contain at least one of "classes" or "scores". '
    )


def test_an_unknown_signature_is_refused(server):
    request = fill(regression_pb2.RegressionRequest(), [1], signature="foo")
    assert refusal(server, "Regress", request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "No signature was found with the name: foo",
    )


def tasks(*chosen, model="examples"):
    request = inference_pb2.MultiInferenceRequest()
    for method, signature in chosen:
        task = request.tasks.add(method_name=METHOD + method)
        task.model_spec.name, task.model_spec.signature_name = model, signature
    return with_examples(request, [0.5])


def test_multi_inference_answers_all_its_tasks(server):
    answer = server.call("MultiInference", tasks(("classify", ""), ("regress", "regress")))
    first, second = answer.results
    assert [c.label for c in first.classification_result.classifications[0].classes] == ["low", "high"]
    assert second.regression_result.regressions[0].value == 1.0
    assert (second.model_spec.signature_name, second.model_spec.version.value) == ("regress", 1)


@pytest.mark.parametrize(
    ("chosen", "code", "text"),
    [
        ([("regress", "regress")] * 2, "INVALID_ARGUMENT", "Duplicate evaluation of signature: regress"),
        ([("predict", "predict")], "UNIMPLEMENTED",
         "Unsupported signature method_name: tensorflow/serving/predict"),
        ([("regress", "foo")], "INVALID_ARGUMENT", "Requested signature not found in model graph: foo"),
        ([], "INVALID_ARGUMENT", "Inference request must have at least one task"),
    ],
)  # fmt: skip
def test_multi_inference_refuses_tasks_that_do_not_fit(server, chosen, code, text):
    assert refusal(server, "MultiInference", tasks(*chosen)) == (grpc.StatusCode[code], text)


def test_metadata_holds_the_signatures(server):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "mixed"
    answer = server.call("GetModelMetadata", request)
    found = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found)
    assert set(found.signature_def["serving_default"].inputs) == {"word", "times"}
    assert answer.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["other"], "Metadata field other is not supported"),
    ],
)
def test_metadata_refuses_other_fields(server, fields, text):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "mixed"
    assert refusal(server, "GetModelMetadata", request) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_status_lists_every_version_and_the_one_that_is_asked_for(server):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "affine"
    assert [s.version for s in server.call("GetModelStatus", request).model_version_status] == [2, 1]
    request.model_spec.version.value = 1
    assert [s.version for s in server.call("GetModelStatus", request).model_version_status] == [1]
    request.model_spec.version.value = 9
    assert refusal(server, "GetModelStatus", request)[1] == "Could not find version 9 of model affine"


def test_status_of_an_unknown_model_is_not_found(server):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "nope"
    assert refusal(server, "GetModelStatus", request) == (
        grpc.StatusCode.NOT_FOUND,
        "Could not find any versions of model nope",
    )


def test_the_standard_health_service_says_serving(server):
    check = server.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"", timeout=30) == b"\x08\x01"
    watch = server.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=30)
    assert next(watch) == b"\x08\x01"
    watch.cancel()
