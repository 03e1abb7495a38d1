import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuronserve.messages import saved_model_pb2
from tests.cpuservers import config_flag, running

REPAIRED = ("dense", "convolution", "trained", "subclassed", "functional", "words", "holder")
SOUND = ("exported", "plain")
HOPELESS = ("untold", "unrestored")


def spoil(source: Path, target: Path, change) -> None:
    """A copy of a model whose meta graph ``change`` has changed."""
    shutil.copytree(source, target)
    file = target / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model.meta_graphs[0])
    file.write_bytes(model.SerializeToString())


def forget_captures(meta_graph) -> None:
    """Nothing says any more which objects the signatures read."""
    for function in meta_graph.object_graph_def.concrete_functions.values():
        del function.bound_inputs[:]


def forget_children(meta_graph) -> None:
    """Nothing says any more which objects the checkpoint's keys are."""
    for node in meta_graph.object_graph_def.nodes:
        del node.children[:]


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    program = Path(__file__).with_name("keras_exporter.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True, timeout=280)
    for name, change in zip(HOPELESS, (forget_captures, forget_children), strict=True):
        spoil(folder / "dense" / "1", folder / name / "1", change)
    names = (*REPAIRED, *SOUND, *HOPELESS)
    with running(folder, config_flag(folder, names)) as server:
        for name in names:
            server.wait_until(name, {1: "END" if name in HOPELESS else "AVAILABLE"})
        yield folder, server


@pytest.mark.parametrize("name", [*REPAIRED, *SOUND])
def test_a_keras_3_model_however_saved_answers_as_tensorflow_itself_does(keras, name):
    folder, server = keras
    expected = np.load(folder / name / "expected.npz")
    inputs = {key.removeprefix("in_"): expected[key] for key in expected if key.startswith("in_")}
    outputs = server.predict(name, **inputs)
    assert {f"out_{key}" for key in outputs} == {key for key in expected if key.startswith("out_")}
    for key, value in outputs.items():
        np.testing.assert_allclose(value, expected[f"out_{key}"], rtol=1e-5, atol=1e-6)


def test_every_signature_of_a_model_has_its_variables(keras):
    _, server = keras
    assert server.predict("holder", "half", x=np.ones((1, 3), np.float32))["y"].shape == (1, 3)


@pytest.mark.parametrize("name", REPAIRED)
def test_a_repaired_model_is_said_once_to_be_none_for_stock_tensorflow_serving(keras, name):
    _, server = keras
    lines = [line for line in server.log.read_text().splitlines() if "stock TensorFlow Serving" in line]
    (line,) = [line for line in lines if f"name: {name} " in line]
    assert "tf.saved_model.save()" in line
    assert "model.export(path) writes one that it can" in line


@pytest.mark.parametrize("name", SOUND)
def test_a_model_that_is_whole_is_loaded_without_a_word_about_keras(keras, name):
    _, server = keras
    lines = server.log.read_text().splitlines()
    assert not [line for line in lines if f"name: {name} " in line and "Keras" in line]


@pytest.mark.parametrize("name", HOPELESS)
def test_a_model_whose_values_cannot_be_told_is_refused_at_load_with_what_to_do(keras, name):
    _, server = keras
    (status,) = server.status(name)
    assert status.status.error_code == 9  # FAILED_PRECONDITION
    assert "read variables that it does not restore" in status.status.error_message
    assert "and 3 more" in status.status.error_message
    assert "write it with model.export(path) instead" in status.status.error_message
