"""What a model takes and gives before it is compiled."""

from __future__ import annotations

import pytest

from neuronserve.artifact.inspect import uncompiled
from neuronserve.errors import DamagedModel
from neuronserve.uncompiled import Form, Tensor
from tests import handmade
from tests.deploying.uncompiled_models import frozen_graph, saved_model


def test_a_saved_model_tells_its_signatures_and_who_wrote_it(tmp_path):
    folder = saved_model(tmp_path / "1", {"image": (-1, 224, 224, 3), "size": (-1,)}, version="1.15.4")
    found = uncompiled.read(folder)
    assert found.form is Form.SAVED_MODEL
    assert found.tensorflow == "1.15.4"
    assert found.signatures["serving_default"].inputs == {
        "image": Tensor("serving_default_image:0", "float32", (-1, 224, 224, 3)),
        "size": Tensor("serving_default_size:0", "float32", (-1,)),
    }
    assert list(found.signatures["serving_default"].outputs) == ["y"]
    assert not found.neuron


def test_its_file_stands_for_its_folder(tmp_path):
    folder = saved_model(tmp_path / "1", {"x": None})
    assert uncompiled.read(folder / "saved_model.pb") == uncompiled.read(folder)
    assert uncompiled.read(folder).signatures["serving_default"].inputs["x"].shape is None


@pytest.mark.parametrize("name", ["frozen.pb", "frozen.pbtxt"])
def test_a_frozen_graph_tells_its_placeholders_and_the_nodes_that_nothing_follows(tmp_path, name):
    found = uncompiled.read(frozen_graph(tmp_path / name, (-1, 4)))
    assert (found.form, found.variables) == (Form.FROZEN_GRAPH, False)
    assert found.signatures[""].inputs == {"input": Tensor("input:0", "float32", (-1, 4))}
    assert list(found.signatures[""].outputs) == ["probabilities"]


def test_a_graph_with_variables_is_not_frozen(tmp_path):
    assert uncompiled.read(frozen_graph(tmp_path / "graph.pb", variables=True)).variables


def test_what_is_compiled_already_says_so(tmp_path):
    assert uncompiled.read(handmade.compiled(tmp_path / "1")).neuron


@pytest.mark.parametrize(
    ("name", "data"), [("a.pb", b""), ("a.pb", b"\x0f\xff"), ("a.pbtxt", b"node {"), ("a.pbtxt", b"\xff")]
)
def test_what_is_no_graph_is_refused(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DamagedModel, match="frozen graph"):
        uncompiled.read(tmp_path / name)
