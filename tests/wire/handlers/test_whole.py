"""``handler(data, context)``: it asks the model itself."""

from __future__ import annotations

import gzip
import json

from neuronserve.state import Model

BODY = '{"instances": [[1.0, 2.0, 5.0]]}'
ANSWER = {"predictions": [[2.0, 4.0, 10.0]]}


def test_a_handler_asks_over_rest_as_in_awss_samples(handled) -> None:
    made = handled(
        "import requests\n"
        "def handler(data, context):\n"
        "    response = requests.post(context.rest_uri, data=data.read().decode('utf-8'))\n"
        "    return response.content, context.accept_header\n"
    )
    answer = made.post(BODY)
    assert (answer.status_code, answer.json, answer.content_type) == (200, ANSWER, "application/json")
    named = "tfs-model-name=m,tfs-model-version=1"
    assert made.post(BODY, X_Amzn_SageMaker_Custom_Attributes=named).json == ANSWER


GRPC = (
    "import json, grpc\n"
    "from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc\n"
    "from neuronserve.handlers import make_ndarray, make_tensor_proto\n"
    "def handler(data, context):\n"
    "    request = predict_pb2.PredictRequest()\n"
    "    request.model_spec.name = context.model_name\n"
    "    request.model_spec.signature_name = 'serving_default'\n"
    "    instances = json.load(data)['instances']\n"
    "    request.inputs['x'].CopyFrom(make_tensor_proto(instances, shape=(1, 3)))\n"
    "    channel = {channel}\n"
    "    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)\n"
    "    outputs = stub.Predict(request, 30.0).outputs\n"
    "    return json.dumps({{'predictions': make_ndarray(outputs['y']).tolist()}}), 'application/json'\n"
)


def test_a_handler_asks_over_the_channel_it_is_given(handled) -> None:
    assert handled(GRPC.format(channel="context.channel")).post(BODY).json == ANSWER


def test_a_handler_asks_over_a_channel_of_its_own(handled) -> None:
    made = handled(GRPC.format(channel="grpc.insecure_channel('localhost:' + context.grpc_port)"))
    assert made.post(BODY).json == ANSWER


def test_serving_messages_come_without_tensorflow_where_that_is_installed(handled) -> None:
    made = handled(
        "import sys\nfrom tensorflow_serving.apis import predict_pb2\n"
        "def handler(data, context):\n    return str('tensorflow.python' in sys.modules), 'text/plain'\n"
    )
    assert made.post("").text == "False"


def test_a_handler_is_told_its_time_and_where_the_files_of_its_model_lie(endpoint, write, tmp_path) -> None:
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "words").write_text("one two")
    text = (
        "import json, os, pathlib\n"
        "AT_IMPORT = os.environ['SERVE_MODEL_DIR']\n"
        "def handler(data, context):\n"
        "    words = pathlib.Path(context.model_dir, 'words').read_text()\n"
        "    same = AT_IMPORT == os.environ['SM_MODEL_DIR'] == context.model_dir\n"
        "    return json.dumps([words, same, 0 < context.timeout <= 7]), 'application/json'\n"
    )
    made = endpoint(SERVE_DEADLINE_SECONDS="7")
    made.serve(Model("m", (1,), code=str(write(inference=text)), model_dir=str(tmp_path / "artifact")))
    assert made.post("").json == ["one two", True, True]


def test_any_content_type_comes_as_it_is(handled) -> None:
    made = handled(
        "def handler(data, context):\n"
        "    return data.read()[::-1], context.request_content_type + ';n=' + str(context.content_length)\n"
    )
    answer = made.post(b"\xff\xd8\x00jpeg", "image/jpeg")
    assert (answer.data, answer.content_type) == (b"gepj\x00\xd8\xff", "image/jpeg;n=7")


def test_in_batch_transform_too_any_content_type_comes_and_goes_as_it_is(handled) -> None:
    text = "def handler(data, context):\n    return data.read()[::-1], context.accept_header\n"
    answer = handled(text, SAGEMAKER_BATCH="true").post(b"\xff\xd8", "my/own", Accept="image/png")
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"\xd8\xff", "image/png")


def test_a_compressed_body_is_unpacked_before(handled) -> None:
    made = handled("def handler(data, context):\n    return data.read(), 'text/plain'\n")
    answer = made.post(gzip.compress(b"text"), "text/plain", Content_Encoding="gzip")
    assert answer.data == b"text"
    assert made.post(b"text", "text/plain", Content_Encoding="odd").status_code == 415


def test_a_server_is_counted_as_busy_while_a_handler_runs(handled) -> None:
    made = handled(
        "import pathlib\ncounted = None\n"
        "def handler(data, context):\n    return str(counted()), 'text/plain'\n"
    )
    made.post("")

    import sys

    sys.modules["inference"].counted = lambda: made.app.board.in_flight(0)  # type: ignore[attr-defined]
    assert made.post("").text == "1"
    assert made.app.board.in_flight(0) == 0


def test_a_version_that_is_not_there_is_refused_before_the_handler(handled) -> None:
    made = handled("def handler(data, context):\n    raise AssertionError('asked')\n")
    answer = made.post(BODY, X_Amzn_SageMaker_Custom_Attributes="tfs-model-version=9")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_target")


def test_a_model_that_is_not_there_is_refused_whatever_the_body_is(handled) -> None:
    made = handled("def handler(data, context):\n    raise AssertionError('asked')\n")
    answer = made.post(BODY, "my/own", X_Amzn_SageMaker_Custom_Attributes="tfs-model-name=other")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_target")


def test_packages_and_lib_are_on_the_path(handled, tmp_path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "installed_one.py").write_text("NAME = 'installed'\n")
    made = handled(
        "import brought, installed_one\n"
        "def handler(data, context):\n    return brought.NAME + installed_one.NAME, 'text/plain'\n",
        packages=str(packages),
        lib__brought="NAME = 'lib and '\n",
    )
    assert made.post("").text == "lib and installed"


def test_the_log_has_its_server_and_time(handled, capfd) -> None:
    made = handled("def handler(data, context):\n    return '', None\n")
    assert made.post("").status_code == 200
    (line,) = [json.loads(one) for one in capfd.readouterr().out.splitlines() if one.startswith('{"type"')]
    assert (line["model"], line["version"], line["server"], line["status"]) == ("m", 1, 0, 200)
    assert line["model_seconds"] > 0
