"""The requests that strangers send first, as their README or tutorial types them, to the models it names.

From tensorflow/serving (README.md, g3doc/api_rest.md, g3doc/serving_basic.md, example/resnet_client.py),
aws/sagemaker-tensorflow-serving-container (README.md, scripts/curl.sh) and AWS's sample of ResNet-50 by Neo
on Inf1, which sends npy. ``classic_models.py`` makes the models, and asks TensorFlow for the answers.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.process.conftest import Serve

HALF_PLUS_TWO, HALF_PLUS_THREE = [2.5, 3.0, 4.5], [3.5, 4.0, 5.5]
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def classics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classics")
    program = Path(__file__).with_name("classic_models.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True, timeout=280)
    return folder


@pytest.fixture(scope="module")
def expected(classics: Path) -> Any:
    return json.loads((classics / "expected.json").read_text())


@pytest.fixture(scope="module")
def service(classics: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """All of them in one container, as AWS's tests have several."""
    started = Serve(tmp_path_factory.mktemp("serve"), {"MODEL_URI": str(classics), "MODEL_SERVER": "cpu"})
    try:
        started.wait_ready()
        yield started
    finally:
        started.clean_up()


@pytest.fixture
def ask(service: Serve) -> Ask:
    """An answer's JSON, which is a 200; ``attributes``: more of SageMaker's custom attributes."""

    def ask(model: str, body: Any, content_type: str = "application/json", attributes: str = "") -> Any:
        data = (
            body
            if isinstance(body, bytes)
            else (body if isinstance(body, str) else json.dumps(body)).encode()
        )
        headers = {
            "Content-Type": content_type,
            "X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={model}{attributes}",
        }
        reply = service.post("/invocations", data, headers)
        assert reply.status == 200, reply.body
        return reply.json()

    return ask


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def close(found: Any, wanted: Any) -> bool:
    return bool(np.allclose(found, wanted, rtol=1e-4, atol=1e-6))


@pytest.mark.parametrize(
    ("model", "answer"), [("half_plus_two", HALF_PLUS_TWO), ("half_plus_three", HALF_PLUS_THREE)]
)
@pytest.mark.parametrize(
    ("body", "content_type", "shaped"),
    [
        ('{"instances": [1.0, 2.0, 5.0]}', "application/json", list),
        ('{"instances": [1.0,2.0,5.0]}', "application/json", list),
        ('{"instances": [[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]}', "application/json", lambda y: [y, y]),
        ('{"instances": [[1.0], [2.0], [5.0]]}', "application/json", lambda y: [[v] for v in y]),
        ('{"instances": [{"x": 1.0}, {"x": 2.0}, {"x": 5.0}]}', "application/json", list),
        ("[1.0,2.0,5.0]", "application/json", lambda y: [y]),
        ("[[1.0,2.0,5.0],[1.0,2.0,5.0]]", "application/json", lambda y: [y, y]),
        ('{"x": [1.0,2.0,5.0]}\n' * 3, "application/json", lambda y: [y, y, y]),
        ("[1.0, 2.0, 5.0]\n[1.0, 2.0, 5.0]", "application/jsonlines", lambda y: [y, y]),
        ("[1.0, 2.0, 5.0]\n[1.0, 2.0, 5.0]", "application/jsons", lambda y: [y, y]),
        ("1.0,2.0,5.0\n1.0,2.0,5.0\n", "text/csv", lambda y: [y, y]),
        ("1.0,2.0,5.0", "text/csv", lambda y: [y]),
        (npy(np.float32([[1, 2, 5]])), "application/x-npy", lambda y: [y]),
        (npy(np.float32([1, 2, 5])), "application/x-npy", list),
    ],
)
def test_a_half_and_more_as_typed(ask, model, answer, body, content_type, shaped) -> None:
    assert ask(model, body, content_type) == {"predictions": shaped(answer)}


def test_one_column_of_csv_is_a_row_of_one_where_the_signature_says_so_and_else_a_number(ask) -> None:
    column = "1.0\n2.0\n5.0"
    assert ask("half_plus_three", column, "text/csv") == {"predictions": HALF_PLUS_THREE}
    assert ask("half_plus_two", column, "text/csv") == {"predictions": [[y] for y in HALF_PLUS_TWO]}


@pytest.mark.parametrize("inputs", [[1.0, 2.0, 5.0], {"x": [1.0, 2.0, 5.0]}])
def test_the_column_form_as_typed(ask, inputs) -> None:
    assert ask("half_plus_two", {"inputs": inputs}) == {"outputs": HALF_PLUS_TWO}


@pytest.mark.parametrize(
    ("model", "signature", "answer"),
    [
        ("half_plus_three", "tensorflow/serving/regress", [3.5, 4.0]),
        ("half_plus_two", "regress_x_to_y", [2.5, 3.0]),
        ("half_plus_two", "regress_x_to_y2", [3.5, 4.0]),
    ],
)
def test_regress_as_typed(ask, model, signature, answer) -> None:
    body = {"signature_name": signature, "examples": [{"x": 1.0}, {"x": 2.0}]}
    assert ask(model, body, attributes=",tfs-method=regress") == {"results": answer}


def test_classify_as_typed(ask) -> None:
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": 1.0}, {"x": 2.0}]}
    assert ask("half_plus_two", body, attributes=",tfs-method=classify") == {
        "results": [[["", 2.5]], [["", 3.0]]]
    }


def test_mnist_predicts_images_and_classifies_examples(ask, expected) -> None:
    image, scores, best = (expected["mnist"][name] for name in ("image", "scores", "best"))
    asked = {"signature_name": "predict_images", "instances": [image]}
    assert close(ask("mnist", asked)["predictions"], scores)
    named = {"signature_name": "predict_images", "instances": [{"images": image}]}
    assert close(ask("mnist", named)["predictions"], scores)
    found = ask("mnist", {"examples": [{"x": image}]}, attributes=",tfs-method=classify")["results"][0]
    assert (len(found), found[0][0]) == (10, best)
    assert close(found[0][1], max(scores[0]))


def test_mnist_takes_its_pixels_as_npy_and_as_csv(ask, expected) -> None:
    image, scores = expected["mnist"]["image"], expected["mnist"]["scores"]
    attributes = ",tfs-signature-name=predict_images"
    assert close(
        ask("mnist", npy(np.float32([image])), "application/x-npy", attributes)["predictions"], scores
    )
    row = ",".join(map(str, image))
    assert close(ask("mnist", row, "text/csv", attributes)["predictions"], scores)


def test_resnet_takes_a_jpeg_in_base64_and_as_it_is(ask, expected, classics) -> None:
    jpeg = (classics / "cat.jpg").read_bytes()
    coded = {"b64": base64.b64encode(jpeg).decode()}
    for body, content_type in (
        ({"instances": [coded]}, "application/json"),
        ({"instances": [{"image_bytes": coded}]}, "application/json"),
        (jpeg, "image/jpeg"),
        (jpeg, "application/octet-stream"),
    ):
        (found,) = ask("resnet", body, content_type)["predictions"]
        assert found["classes"] == expected["resnet"]["classes"][0]
        assert close(found["probabilities"], expected["resnet"]["probabilities"][0])


def test_resnet_takes_pixels_as_json_and_as_npy(ask, expected) -> None:
    image, attributes = expected["resnet"]["image"], ",tfs-signature-name=predict"
    for body, content_type in (
        ({"instances": [image]}, "application/json"),
        ({"signature_name": "predict", "instances": [{"input": image}]}, "application/json"),
        (npy(np.float32([image])), "application/x-npy"),
        (npy(np.float64([image])), "application/x-npy"),
    ):
        found = ask("resnet", body, content_type, attributes)["predictions"]
        assert close(found, expected["resnet"]["probabilities"])


def test_a_keras_text_model_takes_texts(ask, expected) -> None:
    texts, scores = ["a great film", "what a waste of time", ""], expected["text"]["scores"]
    assert close(ask("text", {"instances": texts})["predictions"], scores)
    assert close(ask("text", {"instances": [{"text": text} for text in texts]})["predictions"], scores)
    assert close(ask("text", {"inputs": texts})["outputs"], scores)
    assert close(ask("text", '"a great film"')["predictions"], scores[:1])
    assert close(ask("text", "a great film\nwhat a waste of time\n", "text/csv")["predictions"], scores[:2])


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_three"])
def test_the_first_mistakes_name_what_to_do(service, model) -> None:
    headers = {
        "Content-Type": "application/json",
        "X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={model}",
    }
    for body, words in (
        (b"{}", ("instances", "inputs")),
        (b'{"instance": [1.0]}', ("instances",)),
        (b'{"instances": [1.0], "inputs": [1.0]}', ("instances", "inputs")),
        (b'{"instances": ["cat"]}', ("float", "cat")),
        (b'{"signature_name": "nope", "instances": [1.0]}', ("nope", "serving_default")),
        (b"", ("instances",)),
        (b"whatever", ("JSON",)),
    ):
        reply = service.post("/invocations", body, headers)
        assert 400 <= reply.status < 500, body
        assert all(word in reply.json()["error"] for word in words), reply.body
