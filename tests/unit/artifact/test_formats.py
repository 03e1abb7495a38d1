"""Which format a model file is in: decided by its content, whatever it is called and wherever it lies."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve import exitcodes
from neuronserve.artifact import layout, normalise
from neuronserve.artifact.formats import content
from neuronserve.artifact.formats.table import BY_KEY, FORMATS
from neuronserve.artifact.source import Tree
from neuronserve.errors import ArtifactError, NoSavedModel, OtherFramework
from tests import handmade
from tests.unit.artifact.model_formats import (
    FILES,
    HUGGING_FACE,
    NEURON_CODE,
    PLAIN,
    onnx,
    safetensors,
    saved_model,
    text,
    torch,
    torchscript,
)

IDS = [f"{name} ({key})" for name, _, key in FILES]


def refused(folder, tmp_path):
    with pytest.raises(ArtifactError) as raised:
        normalise.normalise(Tree(folder, "it"), tmp_path / "work", name=None, default=None, max_files=1000)
    return raised.value


@pytest.mark.parametrize(("name", "data", "key"), FILES, ids=IDS)
def test_a_file_is_recognised_by_its_content(name, data, key):
    assert content.format_of(io.BytesIO(data)) == key


@pytest.mark.parametrize(("name", "data", "key"), FILES, ids=IDS)
@pytest.mark.parametrize("place", ["data", "a/b/c.bin", "model.onnx", "weights.h5", "saved_model.pb.txt"])
def test_an_artifact_is_refused_by_what_it_is_not_by_its_name(tmp_path, name, data, key, place):
    path = tmp_path / "m" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    error = refused(tmp_path / "m", tmp_path)
    assert f"holds no SavedModel, but {BY_KEY[key].words}: '{place}'" in error.message
    assert error.hint == BY_KEY[key].hint
    assert exitcodes.of(error) == (24 if BY_KEY[key].other else 20)


@pytest.mark.parametrize(("name", "data"), PLAIN)
def test_what_shows_no_format_is_none(name, data):
    assert content.format_of(io.BytesIO(data)) == ""


@pytest.mark.parametrize(("name", "data", "key"), FILES, ids=IDS)
def test_a_saved_model_beside_it_is_served(tmp_path, name, data, key):
    handmade.doubling(tmp_path / "m" / "1")
    (tmp_path / "m" / name).write_bytes(data)
    made = normalise.normalise(
        Tree(tmp_path / "m", ""), tmp_path / "work", name=None, default=None, max_files=99
    )
    assert [model.versions for model in made.models] == [(1,)]


NEURON = torchscript(NEURON_CODE)
CONFIG = text(HUGGING_FACE)
HDF5 = b"\x89HDF\r\n\x1a\n"
SCALER = b"\x80\x04csklearn.preprocessing\n."
SEVERAL = (
    ({"model.neuron": NEURON, "config.json": CONFIG}, "optimum", "model.neuron"),
    ({"model.neuron": b"cut", "config.json": CONFIG}, "optimum", "model.neuron"),
    ({"model.neuron": NEURON, "config.json": b"{}"}, "neuron_torch", "model.neuron"),
    ({"decoder/model.neuron": NEURON, "config.json": CONFIG}, "optimum", "decoder/model.neuron"),
    ({"config.json": CONFIG, "model.safetensors": safetensors()}, "hugging_face", "model.safetensors"),
    ({"config.json": CONFIG, "tf_model.h5": HDF5}, "hf_keras", "tf_model.h5"),
    ({"config.json": CONFIG, "vocab.txt": b"a"}, "hf_config", "config.json"),
    ({"pytorch_model.bin": torch(), "config.json": CONFIG}, "torch", "pytorch_model.bin"),
    ({"model.h5": HDF5, "scaler.pkl": SCALER}, "keras", "model.h5"),
    ({"weights.onnx": b"", "real.bin": torch()}, "torch", "real.bin"),
    ({"code/inference.py": b"import torch\n", "model.pth": torch()}, "torch", "model.pth"),
)


@pytest.mark.parametrize(("files", "key", "where"), SEVERAL)
def test_of_several_files_the_most_telling_one_is_named(tmp_path, files, key, where):
    for name, data in files.items():
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_bytes(data)
    error = refused(tmp_path / "m", tmp_path)
    assert f"{BY_KEY[key].words}: '{where}'" in error.message


def test_a_saved_model_under_another_name_is_told_how_to_be_called(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.pb").write_bytes(saved_model(tmp_path))
    error = refused(tmp_path / "m", tmp_path)
    assert isinstance(error, NoSavedModel)
    assert "call the file saved_model.pb" in error.hint


def test_without_the_files_their_names_decide():
    with pytest.raises(OtherFramework, match="an ONNX model"):
        layout.plan(["m.onnx"], source="it")


def test_a_file_that_cannot_be_opened_is_judged_by_its_name(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.onnx").symlink_to(tmp_path / "gone")
    (tmp_path / "m" / "x").write_bytes(onnx())
    assert "'x'" in refused(tmp_path / "m", tmp_path).message


@given(st.binary(max_size=400), st.sampled_from([data for _, data, _ in FILES]), st.integers(0, 400))
def test_damaged_files_are_judged_without_an_error(noise, data, at):
    assert content.format_of(io.BytesIO(noise)) in {"", *BY_KEY}
    assert content.format_of(io.BytesIO(data[:at])) in {"", *BY_KEY}
    assert content.format_of(io.BytesIO(data[:at] + noise + data[at:])) in {"", *BY_KEY}


def test_every_format_says_what_to_do_and_has_a_key_of_its_own():
    assert len(BY_KEY) == len(FORMATS)
    assert all(one.hint and one.words for one in FORMATS)
