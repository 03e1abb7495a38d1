"""Whatever the bytes are: a report, or DamagedModel."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from neuronserve.artifact.inspect.look import inspect
from neuronserve.errors import DamagedModel
from neuronserve.messages import graph_pb2
from tests import handmade


def built():
    """A model of both styles, whole."""
    with tempfile.TemporaryDirectory() as folder:
        plain = handmade.compiled(Path(folder, "m"), batch=4, outputs_without_batch=True)
        return (plain / "saved_model.pb").read_bytes()


WHOLE = built()
TEXT = b'meta_graphs { meta_info_def { tags: "serve" } graph_def { node { name: "a" op: "NeuronOp" } } }'


def looked_at(content, name="saved_model.pb"):
    """The text of the report, or that of the error; nothing else may come out."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        try:
            report = inspect(Path(folder))
            json.dumps(report.as_dict())
            report.compiled(1)
            return report.to_text()
        except DamagedModel as error:
            assert error.hint
            return str(error)


@given(st.binary(max_size=300))
@example(b"")
def test_random_bytes(content):
    assert looked_at(content)
    assert looked_at(content, "saved_model.pbtxt")


@given(st.integers(0, len(WHOLE)))
def test_truncations(length):
    assert looked_at(WHOLE[:length])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 7)), min_size=1, max_size=20))
def test_bit_flips(flips):
    damaged = bytearray(WHOLE)
    for at, bit in flips:
        damaged[at] ^= 1 << bit
    assert looked_at(bytes(damaged))


@given(st.integers(0, len(TEXT)), st.binary(max_size=5))
def test_damaged_text(at, put):
    assert looked_at(TEXT[:at] + put + TEXT[at:], "saved_model.pbtxt")


NAMES = st.sampled_from(
    ["a", "b", "x", "f", "g", "", "a:0", "a:output:0", "a:1", "^a", "x:0", "a:output_tensors:9", ":"]
)
OPS = st.sampled_from(["NeuronOp", "Identity", "PartitionedCall", "Neg", "Placeholder", "f", "g", ""])


@st.composite
def graphs(draw):
    """Graphs whose names, calls and cycles make no sense."""

    def node():
        inputs = draw(st.lists(NAMES, max_size=3))
        name, op = draw(NAMES), draw(OPS)
        if op == "NeuronOp":
            shape = tuple(draw(st.lists(st.integers(-2, 9), max_size=2)))
            ports = [("p", shape)] * draw(st.integers(0, 2))
            graph = handmade.linear(np.eye(2))
            return handmade.neuron_op(name, graph, inputs, ports, ports, batch_axis=draw(st.integers(-1, 1)))
        if op == "PartitionedCall":
            return handmade.call(name, draw(st.sampled_from(["f", "g", "absent", ""])), *inputs)
        return handmade.node(name, op, *inputs)

    nodes = lambda: [node() for _ in range(draw(st.integers(0, 4)))]
    functions = [
        handmade.function(name, draw(st.lists(NAMES, max_size=2, unique=True)), {"r": draw(NAMES)}, nodes())
        for name in draw(st.lists(st.sampled_from(["f", "g", ""]), max_size=3))
    ]
    inputs, outputs = (
        draw(st.dictionaries(NAMES, NAMES, max_size=2)),
        draw(st.dictionaries(NAMES, NAMES, max_size=2)),
    )
    shapes = {name: draw(st.sampled_from([(), (-1,), (-1, 2), (4, 2), (0,)])) for name in inputs}
    return handmade.saved_model(nodes(), inputs, outputs, functions, shapes=shapes)


@given(graphs())
def test_graphs_without_sense(model):
    assert looked_at(model.SerializeToString())


def test_a_graph_of_many_nested_ops_is_bounded():
    node = handmade.neuron_op("op", graph_pb2.GraphDef(), [], [], [])
    for _ in range(50):
        node = handmade.neuron_op("op", graph_pb2.GraphDef(node=[node]), [], [], [])
    text = looked_at(handmade.saved_model([node], {"x": "x:0"}, {"y": "op:0"}).SerializeToString())
    assert text.count("is inside") == 3


def test_the_whole_model_is_no_error():
    assert "compiled for a batch of 4" in looked_at(WHOLE)
