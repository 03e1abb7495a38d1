import numpy as np
import pytest

from neuronserve.artifact.inspect.erased import emptied
from neuronserve.cpuserver.neuronop import layout, mapping, node, rewrite
from neuronserve.cpuserver.status import Refused
from tests import handmade


def const(values, *, empty=False, dtype=1):
    made = handmade.constant("c", values)
    if empty:
        made.attr["value"].tensor.tensor_content = b""
    made.attr["value"].tensor.dtype = dtype
    return made


@pytest.mark.parametrize(("made", "gone"), [
    (const(np.ones(300)), False),  # whole
    (const(np.ones(300), empty=True), True),  # 1,200 bytes that are gone
    (const(np.ones(100), empty=True), False),  # too small to have been emptied: zeros written short
    (const(np.ones(0), empty=True), False),
    (const(np.ones(2), empty=True, dtype=7), True),  # strings of unknown length
])  # fmt: skip
def test_a_constant_counts_as_emptied_only_when_it_was_over_the_limit(made, gone):
    assert emptied([made]) == (["c"] if gone else [])


def parsed(names=("input0",), placeholders=("x0/_0",), outputs=("output0",), graph=None):
    if graph is None:
        graph = handmade.linear(np.eye(2), placeholders[0])
        graph.node.extend(handmade.placeholder(name, 1, 2) for name in placeholders[1:])
    op = handmade.neuron_op(
        "op",
        graph,
        [f"in{at}" for at in range(len(names))],
        [(n, (1, 2)) for n in names],
        [(n, (1, 2)) for n in outputs],
    )
    return node.parse(op)


@pytest.mark.parametrize(("names", "placeholders", "expected"), [
    (("b:0", "a:0"), ("a", "b"), ["b", "a"]),
    (("input0", "input1"), ("z/_0", "a/_1"), ["z/_0", "a/_1"]),
    (("input0",), ("whatever",), ["whatever"]),
    (("input0", "input1"), ("a", "b"), None),
    (("input0", "input1"), ("a/_0", "b/_2"), None),
    (("a:0", "a:0"), ("a", "b"), None),
])  # fmt: skip
def test_inputs_find_their_placeholders_by_name_or_number_or_not_at_all(names, placeholders, expected):
    if expected is None:
        with pytest.raises(Refused, match="cannot be told"):
            mapping.placeholders(parsed(names, placeholders))
    else:
        assert mapping.placeholders(parsed(names, placeholders)) == expected


def test_outputs_are_found_by_name_by_their_twins_outside_or_as_the_only_end():
    assert mapping.results(parsed(outputs=("dense:0",)), {}) == ["dense:0"]
    assert mapping.results(parsed(outputs=("output0", "output1")), {0: "weights", 1: "dense"}) == [
        "weights:0", "dense:0"
    ]  # fmt: skip
    assert mapping.results(parsed(), {}) == ["dense:0"]
    with pytest.raises(Refused, match="cannot be told"):
        mapping.results(parsed(outputs=("output0", "output1")), {})


def test_twins_are_read_in_both_notations():
    op = handmade.node("op", "NeuronOp")
    others = [handmade.identity("a", "op:output_tensors:1"), handmade.identity("b", "op"),
              handmade.identity("c", "op2:1"), handmade.node("d", "Neg", "op:2", T=1)]  # fmt: skip
    assert mapping.twins(op, others) == {1: "a", 0: "b"}


def test_a_damaged_graph_and_a_wrong_number_of_inputs_are_refused():
    op = handmade.neuron_op(
        "op", handmade.linear(np.eye(2)), ["x"], [("a", (1,)), ("b", (1,))], [("o", (1,))]
    )
    with pytest.raises(Refused, match="has 1 inputs, but its attributes describe 2"):
        node.parse(op)
    del op.attr["input_dtypes"].list.type[1:]
    op.attr["graph_def"].s = b"\xff"
    with pytest.raises(Refused, match="damaged"):
        node.parse(op)


def test_weights_outside_the_executable_are_no_inputs():
    op = handmade.neuron_op(
        "op", handmade.linear(np.eye(2)), ["x"], [("x0/_0:0", (1, 2))], [("dense:0", (1, 2))]
    )
    op.attr["input_names"].list.s.append(b"weight0")
    op.attr["_real_input_names"].list.s.append(b"x0/_0:0")
    assert [port.name for port in node.parse(op).inputs] == ["x0/_0:0"]


def test_a_model_without_neuron_ops_is_left_alone(tmp_path):
    assert rewrite.for_cpu(handmade.doubling(tmp_path / "1")) is None
    assert rewrite.for_cpu(tmp_path) is None


def test_channels_first_becomes_channels_last_between_two_transposes():
    conv = handmade.node("conv", "Conv2D", "x", "w", T=1, data_format=b"NCHW")
    conv.attr["strides"].list.i.extend((1, 1, 2, 3))
    conv.attr["explicit_paddings"].list.i.extend((0, 0, 0, 0, 1, 2, 3, 4))
    graph = type(handmade.linear(np.eye(2)))(node=[conv])
    layout.channels_last(graph.node)
    by_name = {n.name: n for n in graph.node}
    inner = by_name["conv/channels_last"]
    assert list(inner.attr["strides"].list.i) == [1, 2, 3, 1]
    assert list(inner.attr["explicit_paddings"].list.i) == [0, 0, 1, 2, 3, 4, 0, 0]
    assert inner.input[0] == "conv/to_last_0"
    assert (by_name["conv"].op, by_name["conv"].input[0]) == ("Transpose", "conv/channels_last:0")
