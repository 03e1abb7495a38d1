"""Graphs: nodes added to them, outputs found in them, and functions made of them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.cpuserver.runtime.library import Output, Status, buffer_from, load, take_bytes
from neuronserve.cpuserver.status import invalid
from neuronserve.messages import function_pb2, graph_pb2


def add_nodes(
    graph: Any, graph_def: graph_pb2.GraphDef, prefix: str = "", inputs: Mapping[str, str] | None = None
) -> None:
    """Add the nodes of ``graph_def`` to a ``TF_Graph``; StatusError when TensorFlow refuses them.

    ``prefix``: put before their names. ``inputs``: what nodes name as an input but is not among them
    -> the tensor of the graph that it stands for.
    """
    library = load()
    options, content = library.TF_NewImportGraphDefOptions(), buffer_from(graph_def.SerializeToString())
    try:
        library.TF_ImportGraphDefOptionsSetPrefix(options, prefix.encode())
        for name, tensor in (inputs or {}).items():
            found = find_output(graph, tensor)
            library.TF_ImportGraphDefOptionsAddInputMapping(options, name.encode(), 0, found)
        with Status() as status:
            library.TF_GraphImportGraphDef(graph, content, options, status.pointer)
            status.check()
    finally:
        library.TF_DeleteImportGraphDefOptions(options)
        library.TF_DeleteBuffer(content)


def find_output(graph: Any, name: str) -> Output:
    """The tensor ``node:0`` of a graph.

    INVALID_ARGUMENT when there is none, as TensorFlow's DirectSession says it (direct_session.cc): of a
    composite tensor, sparse or ragged, a signature names none.
    """
    operation_name, _, index = name.partition(":")
    library = load()
    operation = library.TF_GraphOperationByName(graph, operation_name.encode())
    if not operation:
        raise invalid(
            f"Tensor {name or ':0'}, specified in either feed_devices or fetch_devices was not found in the "
            "Graph"
            + (
                ""
                if name
                else ": the signature names no tensor; a sparse, ragged or other composite "
                "tensor cannot be fed or fetched"
            )
        )
    if not 0 <= int(index or 0) < library.TF_OperationNumOutputs(operation):
        raise invalid(f"Tensor {name} does not exist: operation {operation_name} has fewer outputs")
    return Output(operation, int(index or 0))


def as_function(
    graph_def: graph_pb2.GraphDef, inputs: Sequence[str], outputs: Sequence[str], name: str
) -> function_pb2.FunctionDef:
    """The function that takes ``inputs`` (placeholders of the graph) and returns ``outputs``.

    Both are tensor names such as ``node:0``. Raises StatusError when TensorFlow refuses the graph.
    """
    graph = load().TF_NewGraph()
    try:
        add_nodes(graph, graph_def)
        return _convert(graph, inputs, outputs, name)
    finally:
        load().TF_DeleteGraph(graph)


def _convert(
    graph: Any, inputs: Sequence[str], outputs: Sequence[str], name: str
) -> function_pb2.FunctionDef:
    library = load()
    sources, results = _outputs(graph, inputs), _outputs(graph, outputs)
    names = (ctypes.c_char_p * len(outputs))(*(f"output_{at}".encode() for at in range(len(outputs))))
    with Status() as status:
        function = library.TF_GraphToFunction(
            graph, name.encode(), 0, -1, None, len(sources), sources, len(results), results, names,
            None, None, status.pointer,
        )  # fmt: skip
        status.check()
    buffer = library.TF_NewBuffer()
    with Status() as status:
        library.TF_FunctionToFunctionDef(function, buffer, status.pointer)
        library.TF_DeleteFunction(function)
        definition = take_bytes(buffer)
        status.check()
    return function_pb2.FunctionDef.FromString(definition)


def _outputs(graph: Any, names: Sequence[str]) -> Any:
    return (Output * len(names))(*(find_output(graph, name) for name in names))
