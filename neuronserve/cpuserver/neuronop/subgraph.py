"""A NeuronOp's subgraph made into a function that takes and gives just what the compiled one did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.artifact.inspect.erased import emptied
from neuronserve.cpuserver.neuronop import mapping
from neuronserve.cpuserver.neuronop.layout import channels_last
from neuronserve.cpuserver.neuronop.node import OP, NeuronNode, Port, refused
from neuronserve.cpuserver.runtime.graphs import as_function
from neuronserve.cpuserver.status import StatusError
from neuronserve.messages import attr_value_pb2, graph_pb2

_CHECKED = "neuronserve_shape"


def to_function(node: NeuronNode, twins: Mapping[int, str], name: str) -> Any:
    """The FunctionDef; Refused when the subgraph is not whole or cannot be understood."""
    _check_whole(node)
    sources, results = mapping.placeholders(node), mapping.results(node, twins)
    graph = graph_pb2.GraphDef()
    graph.CopyFrom(node.graph)
    graph.ClearField("library")  # goes to the model's library instead
    for inner in graph.node:
        _strip(inner)
    renamed = channels_last(graph.node)
    results = [renamed.get(result, result) for result in results]
    checked = {
        source: _check_shape(graph, f"{source}:0", port)
        for source, port in zip(sources, node.inputs, strict=True)
    }
    _rewire(graph, checked)
    results = [checked.get(result.partition(":")[0], result) for result in results]
    ends = [_check_shape(graph, tensor, port) for tensor, port in zip(results, node.outputs, strict=True)]
    graph.library.CopyFrom(node.graph.library)
    try:
        return as_function(graph, [f"{source}:0" for source in sources], ends, name)
    except StatusError as error:
        raise refused(node.name, f"TensorFlow does not accept its graph ({error.message})") from error


def _check_whole(node: NeuronNode) -> None:
    bodies = [node.graph.node, *(function.node_def for function in node.graph.library.function)]
    for nodes in bodies:
        gone = emptied(nodes)
        if gone:
            raise refused(
                node.name,
                f"the compiler emptied {len(gone)} of the constants in its graph ({_some(gone)}): their "
                "values are only inside the compiled executable",
            )
        if any(inner.op == OP for inner in nodes):
            raise refused(node.name, "its graph holds another NeuronOp")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _strip(inner: Any) -> None:
    """Drop what only the Neuron tools read, and devices that are not here."""
    inner.device = ""
    for key in [key for key in inner.attr if key.startswith("_aws_neuron") or key == "_output_shapes"]:
        del inner.attr[key]
    if inner.op == "Placeholder":
        inner.attr["shape"].shape.Clear()
        inner.attr["shape"].shape.unknown_rank = True  # the compiled size would bind the batch


def _check_shape(graph: Any, tensor: str, port: Port) -> str:
    """Add a node that lets only the compiled shape pass, with any size along the batch axis.

    On Neuron any other shape is an error; here constants of the compiled size in the graph could make
    another batch come out in a wrong shape.
    """
    shape = port.accepted()
    if shape is None:
        return tensor
    node = graph.node.add(name=f"{_CHECKED}/{len(graph.node)}", op="EnsureShape", input=[tensor])
    node.attr["T"].CopyFrom(attr_value_pb2.AttrValue(type=port.dtype))
    node.attr["shape"].shape.SetInParent()
    for size in shape:
        node.attr["shape"].shape.dim.add(size=size)
    return f"{node.name}:0"


def _rewire(graph: Any, checked: Mapping[str, str]) -> None:
    """Let all readers of a placeholder read its checked twin."""
    for inner in graph.node:
        if inner.name.startswith(_CHECKED):
            continue
        for at, source in enumerate(inner.input):
            replacement = checked.get(source.partition(":")[0])
            if replacement:
                inner.input[at] = replacement
