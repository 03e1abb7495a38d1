"""One NeuronOp, read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.artifact.inspect import neff, subgraph
from neuronserve.artifact.inspect.subgraph import Port
from neuronserve.messages import attr_value_pb2, node_def_pb2
from tests import handmade


def read(op, function=""):
    (found,) = subgraph.parse(op, function, neff.read)
    return found


def compiled_op(**more):
    graph = handmade.linear(np.eye(2))
    return handmade.neuron_op("op", graph, ["x"], [("x0/_0:0", (8, 2))], [("dense:0", (8, 2))], **more)


def test_a_node_is_read_whole():
    op = compiled_op(executable=handmade.neff(), model_config=(2, 2, 64, 10), automatic_multicore=4)
    op.attr["_instance_type"].s = b"inf1.xlarge"
    found = read(op, "f")
    assert (found.name, found.function, found.inside, found.instance_type) == ("op", "f", "", "inf1.xlarge")
    assert found.inputs == (Port(0, "x0/_0:0", "float", (8, 2), 0),)
    assert found.outputs == (Port(0, "dense:0", "float", (8, 2), 0),)
    assert (found.global_cores, found.own_cores, found.max_duplicates, found.timeout) == (2, 2, 64, 10)
    assert found.automatic_multicore == 4
    assert found.executable.compiler == "1.6.13.0+9f61b2f75"
    assert found.graph_bytes == len(op.attr["graph_def"].s)
    assert found.ops == {"Placeholder": 1, "Const": 1, "MatMul": 1}
    assert (found.emptied, found.weights_outside) == (0, 0)


def test_numbers_that_no_runtime_takes_are_unknown():
    found = read(compiled_op(model_config=(-1, 1 << 40, 1 << 62, -1), automatic_multicore=-3))
    assert (found.global_cores, found.own_cores, found.max_duplicates, found.timeout) == (-1, -1, -1, -1)
    assert found.automatic_multicore == 0


def test_a_short_config_is_unknown_where_it_ends():
    found = read(compiled_op(model_config=(2,)))
    assert (found.global_cores, found.own_cores, found.max_duplicates) == (2, -1, -1)


def test_weights_outside_are_counted_and_not_taken_for_inputs():
    op = compiled_op()
    op.input.append("w")
    op.attr["input_names"].list.s[:] = [b"w", b"real"]
    op.attr["input_dtypes"].list.type[:] = [3, 1]
    op.attr["input_shapes"].list.shape.add().dim.add(size=5)
    op.attr["input_batch_axis"].list.i[:] = [-1, 0]
    op.attr["_real_input_names"].list.s.append(b"real")
    op.attr["_real_input_locations"].list.i.append(1)
    found = read(op)
    assert found.weights_outside == 1
    assert found.inputs == (Port(1, "real", "float", (5,), 0),)
    del op.input[1]  # the node has the real inputs alone
    assert read(op).inputs == (Port(0, "real", "float", (5,), 0),)
    op.attr["_real_input_locations"].list.i[:] = [7]
    assert read(op).inputs[0].name == "real"


def test_emptied_constants_are_counted_in_functions_too():
    op = compiled_op()
    graph = handmade.linear(np.zeros((30, 30)))
    graph.node[1].attr["value"].tensor.tensor_content = b""
    inner = handmade.constant("c", np.ones(300))
    inner.attr["value"].tensor.tensor_content = b""
    graph.library.function.append(handmade.function("f", [], {}, [inner]))
    op.attr["graph_def"].s = graph.SerializeToString()
    assert read(op).emptied == 2


def test_a_damaged_graph_is_no_graph():
    op = compiled_op()
    op.attr["graph_def"].s = b"\xff\xff"
    found = read(op)
    assert (found.ops, found.graph_bytes) == (None, 2)


def test_nested_ops_are_found_and_say_what_they_are_inside_of():
    deepest = compiled_op()
    for name in ("three", "two", "one"):
        graph = handmade.linear(np.eye(2))
        graph.library.function.append(handmade.function(f"in_{name}", [], {}, [deepest]))
        deepest = handmade.neuron_op(name, graph, [], [], [])
    found = list(subgraph.parse(deepest, "", neff.read))
    assert [(one.name, one.function, one.inside) for one in found] == [
        ("one", "", ""),
        ("two", "in_one", "one"),
        ("three", "in_two", "one/two"),
        ("op", "in_three", "one/two/three"),
    ]


VALUES = st.one_of(
    st.binary(max_size=40).map(lambda value: attr_value_pb2.AttrValue(s=value)),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda value: attr_value_pb2.AttrValue(i=value)),
    st.floats().map(lambda value: attr_value_pb2.AttrValue(f=value)),
    st.booleans().map(lambda value: attr_value_pb2.AttrValue(b=value)),
    st.integers(0, 200).map(lambda value: attr_value_pb2.AttrValue(type=value)),
    st.lists(st.binary(max_size=9), max_size=3).map(
        lambda value: attr_value_pb2.AttrValue(list=attr_value_pb2.AttrValue.ListValue(s=value))
    ),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=5).map(
        lambda value: attr_value_pb2.AttrValue(list=attr_value_pb2.AttrValue.ListValue(i=value))
    ),
    st.lists(st.integers(0, 200), max_size=3).map(
        lambda value: attr_value_pb2.AttrValue(list=attr_value_pb2.AttrValue.ListValue(type=value))
    ),
)
KEYS = st.sampled_from([
    *compiled_op().attr, "_automatic_multicore", "_instance_type", "_real_input_names",
    "_real_input_locations",
])  # fmt: skip


@given(st.dictionaries(KEYS, VALUES), st.booleans())
def test_attributes_of_any_type_can_be_read(attributes, whole):
    op = compiled_op() if whole else node_def_pb2.NodeDef(name="op", op="NeuronOp")
    for key, value in attributes.items():
        op.attr[key].CopyFrom(value)
    found = read(op)
    assert all(port.at >= 0 for port in found.inputs)
    assert -1 <= found.own_cores <= neff.MOST_CORES
