"""A model's own code in the image: nothing can be written but /tmp, nobody knows the user, no network."""

from __future__ import annotations

import json
import tarfile
import time

import pytest
from container import Container

from tests import handmade, modelcode
from tests.deploying.rehearsals import rehearsal
from tests.wheels import wheel

SHUT = (
    "--read-only", "--tmpfs", "/tmp", "--user", "4242:4242", "--network", "none",
    "--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "2g",
)  # fmt: skip
BODY = '{"instances": [[1.0, 2.0, 5.0]]}'
ANSWER = {"predictions": [[2.0, 4.0, 10.0]]}
# as AWS's samples ask: over REST, over the channel of the context, and over one of their own
HANDLER = """
import json

import greeting
import grpc
import requests
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from neuronserve.handlers import make_ndarray, make_tensor_proto


def over(channel, context, rows):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = context.model_name
    request.model_spec.signature_name = "serving_default"
    request.inputs["x"].CopyFrom(make_tensor_proto(rows))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    return make_ndarray(stub.Predict(request, 30.0).outputs["y"]).tolist()


def handler(data, context):
    body = data.read()
    rows = json.loads(body)["instances"]
    try:
        tf.constant(rows)
    except AttributeError as error:
        without = str(error)
    with grpc.insecure_channel(f"localhost:{context.grpc_port}") as own:
        found = {
            "rest": requests.post(context.rest_uri, data=body).json(),
            "channel": over(context.channel, context, rows),
            "own channel": over(own, context, rows),
            "package": greeting.VERSION,
            "tensorflow": without,
        }
    return json.dumps(found), context.accept_header
"""


@pytest.fixture
def coded(tmp_path):
    """``coded("inference.py's text", requirements="...")``: a folder for /opt/ml/model."""
    folder = tmp_path / "coded"

    def make(inference, requirements=""):
        handmade.doubling_rows(folder / "1")
        modelcode.write(folder / "code", inference=inference)
        if requirements:
            (folder / "code" / "requirements.txt").write_text(requirements)
        return folder

    return make


def shown(folder):
    """The same folder; any user may read it."""
    for path in (folder.parent, folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
    return folder


def test_a_handler_in_the_image_has_its_wheels_rest_grpc_and_a_word_on_tensorflow(run, coded):
    folder = coded(HANDLER, "greeting==2.5\nnumpy\nrequests\n")
    wheel(folder / "code" / "wheels", "greeting", "2.5")
    container = run(*SHUT, "-v", f"{shown(folder)}:/opt/ml/model:ro")
    container.wait_ready()
    status, text = container.ask("POST", "/invocations", BODY)
    assert status == 200, container.logs()
    found = json.loads(text)
    assert "requirements.txt (tensorflow-cpu)" in found.pop("tensorflow")
    doubled = ANSWER["predictions"]
    assert found == {"rest": ANSWER, "channel": doubled, "own channel": doubled, "package": "2.5"}


def end_of(container: Container) -> tuple[int, str]:
    """Exit code, and the one error that the log has."""
    code = container.wait()
    (error,) = [line for line in container.logs().splitlines() if '"level":"error"' in line]
    return code, error


def test_requirements_that_need_a_network_end_the_start_soon_with_25_and_what_to_do(run, coded):
    folder = coded("def handler(data, context): ...\n", "pillow==10.0.0\n")
    began = time.monotonic()
    code, error = end_of(run(*SHUT, "-v", f"{shown(folder)}:/opt/ml/model:ro"))
    assert code == 25
    assert "pillow==10.0.0 could not be downloaded: the package index cannot be reached" in error
    assert "bring the wheels along in code/wheels" in error
    assert time.monotonic() - began < 60  # pip would try for minutes


def test_code_that_needs_tensorflow_itself_ends_the_start_with_26_its_line_and_what_to_do(run, coded):
    folder = coded("import tensorflow as tf\n\nlayer = tf.constant(1)\n")
    code, error = end_of(run(*SHUT, "-v", f"{shown(folder)}:/opt/ml/model:ro"))
    assert code == 26
    assert "code/inference.py:3 in <module>: AttributeError: tensorflow.constant" in error
    assert "bring it with code/requirements.txt (tensorflow-cpu)" in error


WORDS = (
    "WORDS = open('/opt/ml/model/1/words.txt').read()\n"
    "def handler(data, context):\n    return WORDS, 'text/plain'\n"
)


def test_opt_ml_model_leads_to_a_model_that_lies_elsewhere(run, coded):
    folder = coded(WORDS)
    (folder / "1" / "words.txt").write_text("one two")
    container = run("-v", f"{shown(folder)}:/elsewhere:ro", "-e", "MODEL_URI=/elsewhere")
    container.wait_ready()
    assert container.ask("POST", "/invocations", BODY) == (200, "one two")


def test_where_no_link_can_be_made_the_error_says_where_the_model_is(run, coded):
    folder = coded(WORDS)
    (folder / "1" / "words.txt").write_text("one two")
    code, error = end_of(run(*SHUT, "-v", f"{shown(folder)}:/elsewhere:ro", "-e", "MODEL_URI=/elsewhere"))
    assert code == 26
    assert "the model lies in /elsewhere: use context.model_dir" in error


@pytest.mark.parametrize("module", ["sklearn", "yaml", "pytest", "scipy"])
def test_what_a_checkout_does_not_let_a_script_import_is_not_in_the_image(run, coded, module):
    folder = coded(f"import {module}\ndef handler(data, context): ...\n")
    code, error = end_of(run(*SHUT, "-v", f"{shown(folder)}:/opt/ml/model:ro"))
    assert code == 26
    assert f"{module} is not in the image" in error


NAMED = "import helper\n\n\ndef handler(data, context):\n    return helper.NAME, 'text/plain'\n"


def test_models_of_a_multi_model_endpoint_keep_their_modules_apart_in_the_image(image, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("a", "b"):
        handmade.doubling_rows(tmp_path / name / "1")
        modelcode.write(tmp_path / name / "code", inference=NAMED, helper=f"NAME = '{name}'\n")
        with tarfile.open(models / f"{name}.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / name, ".")
    limited = ("--memory=2g",)
    with rehearsal("multi-model", [models], tmp_path, image=image, isolated=True, options=limited) as found:
        for name in ("a", "b", "a"):
            assert found.invoke(b"", TargetModel=f"{name}.tar.gz") == name.encode()
