"""The requests of TensorFlow Serving's tutorials and clients, as they are typed there, over REST."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cpuservers import config_flag, running

MODELS = ("mnist", "fashion", "resnet", "text")


@pytest.fixture(scope="module")
def tutorials(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorials")
    program = Path(__file__).with_name("tutorial_exporter.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True, timeout=280)
    with running(folder, config_flag(folder, MODELS), rest=True) as server:
        for name in MODELS:
            server.wait_until(name, {1: "AVAILABLE"})
        yield server, np.load(folder / "expected.npz"), (folder / "picture.jpg").read_bytes()


def ask(server, path: str, body: str):
    status, text = server.http(f"/v1/models/{path}", body)
    assert status == 200, text
    (value,) = json.loads(text).values()
    return value


def test_mnist_takes_images_as_lists_of_numbers(tutorials):
    server, expected, _ = tutorials
    body = json.dumps({"signature_name": "predict_images", "instances": expected["images"].tolist()})
    np.testing.assert_allclose(ask(server, "mnist:predict", body), expected["scores"], rtol=1e-4)


def test_mnist_classifies_examples(tutorials):
    server, expected, _ = tutorials
    body = json.dumps({"examples": [{"x": image.tolist()} for image in expected["images"]]})
    results = ask(server, "mnist:classify", body)
    assert [[label for label, _ in row] for row in results] == expected["labels"].tolist()
    scores = [[score for _, score in row] for row in results]
    np.testing.assert_allclose(scores, -np.sort(-expected["scores"]), rtol=1e-4)


@pytest.mark.parametrize("body", [
    '{{"signature_name": "serving_default", "instances": {}}}', '{{"instances": {}}}', '{{"inputs": {}}}',
])  # fmt: skip
def test_a_keras_network_takes_pictures(tutorials, body):
    server, expected, _ = tutorials
    answer = ask(server, "fashion:predict", body.format(json.dumps(expected["pictures"].tolist())))
    np.testing.assert_allclose(answer, expected["logits"], rtol=1e-4, atol=1e-5)


def test_resnet_takes_a_jpeg_as_base64(tutorials):
    server, expected, picture = tutorials
    (answer,) = ask(
        server, "resnet:predict", f'{{"instances" : [{{"b64": "{base64.b64encode(picture).decode()}"}}]}}'
    )
    assert answer["classes"] == expected["classes"][0]
    np.testing.assert_allclose(answer["probabilities"], expected["probabilities"][0], rtol=1e-4)


@pytest.mark.parametrize("wrapped", [
    lambda text: {"instances": [{"image_bytes": {"b64": text}}, {"image_bytes": {"b64": text}}]},
    lambda text: {"inputs": {"image_bytes": [{"b64": text}, {"b64": text}]}},
    lambda text: {"inputs": [{"b64": text}, {"b64": text}]},
], ids=["rows by name", "a column by name", "a column"])  # fmt: skip
def test_resnet_takes_jpegs_in_every_form(tutorials, wrapped):
    server, expected, picture = tutorials
    text = base64.encodebytes(picture).decode()  # in lines, as the program base64 writes it
    answer = ask(server, "resnet:predict", json.dumps(wrapped(text)))
    rows = [row["probabilities"] for row in answer] if isinstance(answer, list) else answer["probabilities"]
    np.testing.assert_allclose(rows, expected["probabilities"], rtol=1e-4)


def test_a_jpeg_that_is_none_is_the_clients_fault(tutorials):
    server, _, _ = tutorials
    status, text = server.http("/v1/models/resnet:predict", '{"instances": [{"b64": "bm8gcGljdHVyZQ=="}]}')
    assert status == 400
    assert "image" in json.loads(text)["error"].lower()


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_a_keras_text_model_takes_strings(tutorials, form, ensure_ascii):
    server, expected, _ = tutorials
    body = json.dumps({form: expected["reviews"].tolist()}, ensure_ascii=ensure_ascii)
    np.testing.assert_allclose(ask(server, "text:predict", body), expected["ratings"], rtol=1e-4)
