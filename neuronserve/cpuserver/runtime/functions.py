"""A graph made into a function of a library, by TensorFlow itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from neuronserve.cpuserver.messages import function_pb2, graph_pb2
from neuronserve.cpuserver.runtime.library import Output, Status, buffer_from, load, take_bytes
from neuronserve.cpuserver.status import invalid


def as_function(
    graph_def: graph_pb2.GraphDef, inputs: Sequence[str], outputs: Sequence[str], name: str
) -> function_pb2.FunctionDef:
    """The function that takes ``inputs`` (placeholders of the graph) and returns ``outputs``.

    Both are tensor names such as ``node:0``. Raises StatusError when TensorFlow refuses the graph.
    """
    library = load()
    graph, content = library.TF_NewGraph(), buffer_from(graph_def.SerializeToString())
    options = library.TF_NewImportGraphDefOptions()
    try:
        with Status() as status:
            library.TF_GraphImportGraphDef(graph, content, options, status.pointer)
            status.check()
        return _convert(graph, inputs, outputs, name)
    finally:
        library.TF_DeleteImportGraphDefOptions(options)
        library.TF_DeleteBuffer(content)
        library.TF_DeleteGraph(graph)


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
    found = []
    for name in names:
        operation_name, _, index = name.partition(":")
        operation = load().TF_GraphOperationByName(graph, operation_name.encode())
        if not operation:
            raise invalid(f"no node {operation_name} in the graph")
        found.append(Output(operation, int(index or 0)))
    return (Output * len(found))(*found)
