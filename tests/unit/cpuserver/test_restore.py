import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.cpuserver.restore import objects
from neuronserve.cpuserver.restore.complete import complete
from neuronserve.cpuserver.status import Code, Refused
from neuronserve.messages import saved_model_pb2

SIZES = (3, 3)


def key(*names):
    """A checkpoint key, escaped as TensorFlow escapes it."""
    path = "/".join(name.replace(".", "..").replace("/", ".S") for name in names)
    return f"{path}/.ATTRIBUTES/VARIABLE_VALUE"


def saved(*paths, sizes=SIZES, twin_sizes=SIZES):
    """A meta graph as Keras 3 makes it: for each path of names to a variable a handle and its twin.

    The saver assigns to the twins in the opposite order.
    """
    meta_graph = saved_model_pb2.SavedModel().meta_graphs.add()
    graph, tree = meta_graph.graph_def, meta_graph.object_graph_def
    tree.nodes.add()
    call = graph.node.add(name="call", op="StatefulPartitionedCall", input=["x"])
    call.attr["f"].func.name = "serve"
    restore = graph.node.add(name="restore", op="StatefulPartitionedCall", input=["file"])
    restore.attr["f"].func.name = "restore_fn"
    meta_graph.saver_def.restore_op_name = "restore"
    meta_graph.signature_def["serving_default"].outputs["y"].name = "call:0"
    function = graph.library.function.add()
    function.signature.name = "restore_fn"
    function.signature.input_arg.add(name="file")
    for at, path in enumerate(paths):
        parent = tree.nodes[0]
        for name in path:
            parent.children.add(node_id=len(tree.nodes), local_name=name)
            parent = tree.nodes.add()
        call.input.append(f"v{at}")
        tree.concrete_functions["serve"].bound_inputs.append(len(tree.nodes) - 1)
        for handle, shape in ((f"v{at}", sizes), (f"twin{at}", twin_sizes)):
            node = graph.node.add(name=handle, op="VarHandleOp")
            node.attr["dtype"].type = 1
            for size in shape:
                node.attr["shape"].shape.dim.add(size=size)
    for position, at in enumerate(reversed(range(len(paths)))):
        restore.input.append(f"twin{at}")
        function.signature.input_arg.add(name=f"arg{at}")
        function.node_def.add(name=f"id{at}", op="Identity", input=[f"read:tensors:{position}"])
        function.node_def.add(
            name=f"assign{at}", op="AssignVariableOp", input=[f"arg{at}", f"id{at}:output:0"]
        )
    function.node_def.add(name="read", op="RestoreV2", input=["file", "keys:output:0", "slices:output:0"])
    constant = function.node_def.add(name="keys", op="Const")
    keys = np.array([key(*path).encode() for path in reversed(paths)], object)
    constant.attr["value"].tensor.CopyFrom(tensorproto.encode(keys, dtypes.STRING))
    return meta_graph


class Session:
    """A session that only remembers what it was asked; ``filled``: handles that have values."""

    def __init__(self, meta_graph, filled=()) -> None:
        self.meta_graph, self._filled = meta_graph, filled
        self._inputs = {}
        self.copies = {}
        self.runs = 0

    def extend(self, graph_def, prefix, inputs) -> None:
        self._inputs = inputs
        for node in graph_def.node:
            if node.op == "AssignVariableOp":
                at = node.input[0].removeprefix("handle_")
                self.copies[inputs[node.input[0]]] = inputs[f"twin_{at}"]

    def run(self, _, fetches):
        self.runs += 1
        return [(np.bool_(self._inputs[f"handle_{at}"] in self._filled), 10) for at in range(len(fetches))]


def by_name(meta_graph):
    return {node.name: node for node in meta_graph.graph_def.node}


@given(st.lists(st.text(st.sampled_from("ab./S_"), min_size=1), min_size=1, max_size=4, unique=True))
def test_every_child_is_found_by_its_key_whatever_its_name(names):
    meta_graph = saved(tuple(names))
    assert objects.restored(meta_graph, by_name(meta_graph)) == {len(names): "twin0"}


def test_each_empty_variable_is_given_the_value_of_the_same_object():
    session = Session(saved(("a", "kernel"), ("b", "kernel"), ("b.kernel",)))
    assert complete(session) == 3
    assert session.copies == {"v0": "twin0", "v1": "twin1", "v2": "twin2"}


def test_what_has_a_value_already_keeps_it():
    session = Session(saved(("a",), ("b",)), filled=("v1",))
    assert complete(session) == 1
    assert session.copies == {"v0": "twin0"}


@pytest.mark.parametrize("change", ["of TF1", "without values", "restored itself"])
def test_a_model_that_needs_nothing_costs_no_run(change):
    meta_graph = saved(("a",))
    if change == "of TF1":
        meta_graph.ClearField("object_graph_def")
    elif change == "without values":
        meta_graph.ClearField("saver_def")
    else:
        by_name(meta_graph)["restore"].input.append("v0")
    session = Session(meta_graph)
    assert complete(session) == 0
    assert session.runs == 0


def refusal(meta_graph):
    session = Session(meta_graph)
    with pytest.raises(Refused) as caught:
        complete(session)
    assert session.copies == {}
    assert caught.value.code is Code.FAILED_PRECONDITION
    return caught.value.message


def test_a_twin_of_another_shape_is_no_twin():
    assert ": v0. tf.saved_model.save()" in refusal(saved(("a",), twin_sizes=(3, 4)))


def test_a_handle_that_two_functions_take_for_different_objects_is_refused():
    meta_graph = saved(("a",), ("b",))
    other = meta_graph.graph_def.node.add(name="other", op="StatefulPartitionedCall", input=["v0"])
    other.attr["f"].func.name = "second"
    meta_graph.object_graph_def.concrete_functions["second"].bound_inputs.append(2)
    meta_graph.signature_def["second"].outputs["y"].name = "other:0"
    assert ": v0. tf.saved_model.save()" in refusal(meta_graph)


def test_keys_that_are_no_constant_are_not_guessed():
    meta_graph = saved(("a",), ("b",))
    function = meta_graph.graph_def.library.function[0]
    next(node for node in function.node_def if node.name == "keys").op = "Placeholder"
    assert "v0 and 1 more" in refusal(meta_graph)
