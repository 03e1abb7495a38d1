"""What a model takes and gives before it is compiled."""

from __future__ import annotations

import pytest

from neuronserve.artifact.inspect import uncompiled
from neuronserve.errors import DamagedModel
from neuronserve.messages import graph_pb2, saved_model_pb2
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


def with_input(folder, change):
    """A SavedModel whose input ``x`` was changed."""
    path = saved_model(folder, {"x": (-1, 4), "dense": (-1, 2)}) / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(model.meta_graphs[0].signature_def["serving_default"].inputs["x"])
    path.write_bytes(model.SerializeToString())
    return uncompiled.read(folder).signatures["serving_default"].inputs


def sparse(info):
    info.coo_sparse.values_tensor_name, info.coo_sparse.indices_tensor_name = "v:0", "i:0"


def of_class(number):
    def change(info):
        info.composite_tensor.type_spec.type_spec_class = number
        info.composite_tensor.components.add(name="v:0")

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (sparse, "sparse tensor"),
        (of_class(1), "sparse tensor"),
        (of_class(2), "indexed slices"),
        (of_class(3), "ragged tensor"),
        (of_class(0), "composite tensor"),
        (of_class(12), "composite tensor"),  # a registered type
        (of_class(13), "composite tensor"),  # an extension type
        (of_class(99), "composite tensor"),
    ],
)
def test_an_input_of_several_tensors_is_no_dense_one(tmp_path, change, words):
    inputs = with_input(tmp_path / "1", change)
    assert inputs["x"].composite == words
    assert inputs["dense"].composite == ""


def test_a_shape_that_is_absent_is_not_known(tmp_path):
    assert with_input(tmp_path / "1", lambda info: info.ClearField("tensor_shape"))["x"].shape is None


@pytest.mark.parametrize(("producer", "shape"), [(0, None), (21, None), (22, ()), (1286, ())])
def test_a_placeholder_of_an_old_graph_without_dimensions_has_any(tmp_path, producer, shape):
    # array_ops.cc of TensorFlow: "we cannot tell the difference between a scalar shape and unknown shape"
    graph = graph_pb2.GraphDef()
    graph.versions.producer = producer
    node = graph.node.add(name="x", op="Placeholder")
    node.attr["dtype"].type = 1
    node.attr["shape"].shape.SetInParent()
    (tmp_path / "frozen.pb").write_bytes(graph.SerializeToString())
    assert uncompiled.read(tmp_path / "frozen.pb").signatures[""].inputs["x"].shape == shape
