"""What a model takes and gives, for those who have it compiled: a SavedModel, or a frozen graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from neuronserve.artifact.inspect import savedmodel, scan
from neuronserve.artifact.inspect.graph import Graph, node_name
from neuronserve.artifact.inspect.reading import reading
from neuronserve.errors import DamagedModel
from neuronserve.messages import from_text, graph_pb2, types_pb2
from neuronserve.uncompiled import Form, Signature, Tensor, Uncompiled

_NUMPY = {"float": "float32", "double": "float64", "half": "float16"}  # where TensorFlow's words are others
_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})
_NO_RESULT = frozenset({"Assert", "Const", "NoOp", "Placeholder", "PlaceholderWithDefault"})
_LAST_WITHOUT_SCALARS = 21  # version of a graph
_AGAIN = "export or freeze the model again"


def read(path: Path) -> Uncompiled:
    """The folder of a SavedModel, or the file of a frozen graph. Raises DamagedModel."""
    with reading(path):
        if path.is_dir():
            return _saved_model(path)
        if path.name in scan.FILES:
            return _saved_model(path.parent)
        return _frozen(path)


def _saved_model(folder: Path) -> Uncompiled:
    meta_graph, _ = savedmodel.graph_of(savedmodel.read(folder), folder)
    graph = Graph(meta_graph)
    nodes = [node for scope in graph.scopes.values() for node in scope.nodes.values()]
    return Uncompiled(
        Form.SAVED_MODEL,
        {
            name: Signature(_tensors(signature.inputs), _tensors(signature.outputs))
            for name, signature in graph.signatures.items()
        },
        tensorflow=meta_graph.meta_info_def.tensorflow_version,
        neuron=any(node.op == scan.OP for node in nodes),
        variables=any(node.op in _VARIABLES for node in nodes),
    )


def _tensors(infos: Any) -> dict[str, Tensor]:
    return {
        key: Tensor(info.name, _dtype(info.dtype), _shape(info), _composite(info))
        for key, info in sorted(infos.items())
    }


def _composite(info: Any) -> str:
    """``ragged tensor`` for the class RAGGED_TENSOR_SPEC; "" for a dense tensor."""
    match info.WhichOneof("encoding"):
        case "coo_sparse":
            return "sparse tensor"
        case "composite_tensor":
            spec = info.composite_tensor.type_spec
            try:
                word = str(type(spec).TypeSpecClass.Name(spec.type_spec_class))
            except ValueError:
                word = "UNKNOWN"
            words = word.removesuffix("_SPEC").replace("_", " ").lower()
            return "composite tensor" if words in ("unknown", "registered type", "extension type") else words
    return ""


def _shape(info: Any) -> tuple[int, ...] | None:
    if not info.HasField("tensor_shape"):
        return None
    return _sizes(info.tensor_shape)


def _sizes(shape: Any) -> tuple[int, ...] | None:
    return None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)


def _dtype(number: int) -> str:
    try:
        word = str(types_pb2.DataType.Name(number)).removeprefix("DT_").removesuffix("_REF").lower()
    except ValueError:
        return "unknown"
    return _NUMPY.get(word, word)


def _frozen(file: Path) -> Uncompiled:
    graph = _graph_def(file)
    if not graph.node:
        raise DamagedModel(f"{file.name} holds no graph: it is no frozen graph (a GraphDef)", hint=_AGAIN)
    nodes = list(graph.node)
    inner = [node for function in graph.library.function for node in function.node_def]
    used = {node_name(source) for node in nodes for source in node.input}
    old = graph.versions.producer <= _LAST_WITHOUT_SCALARS
    inputs = {node.name: _placeholder(node, old=old) for node in nodes if node.op == "Placeholder"}
    outputs = {
        node.name: Tensor(f"{node.name}:0", "unknown", None)
        for node in nodes
        if node.name not in used and node.op not in _NO_RESULT
    }
    return Uncompiled(
        Form.FROZEN_GRAPH,
        {"": Signature(inputs, outputs)},
        neuron=any(node.op == scan.OP for node in (*nodes, *inner)),
        variables=any(node.op in _VARIABLES for node in (*nodes, *inner)),
    )


def _placeholder(node: Any, *, old: bool) -> Tensor:
    """``old``: no dimensions then meant that nothing is known of them (TensorFlow's array_ops.cc)."""
    known = "shape" in node.attr and node.attr["shape"].HasField("shape")
    shape = _sizes(node.attr["shape"].shape) if known else None
    if old and shape == ():
        shape = None
    return Tensor(f"{node.name}:0", _dtype(node.attr["dtype"].type), shape)


def _graph_def(file: Path) -> Any:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DamagedModel(f"{file.name} cannot be read: {error.strerror or error}") from error
    try:
        if file.suffix == ".pbtxt":
            return from_text(content.decode(), graph_pb2.GraphDef())
        return graph_pb2.GraphDef.FromString(content)
    except (DecodeError, text_format.ParseError, ValueError, RecursionError) as error:
        raise DamagedModel(
            f"{file.name} is no frozen graph (a GraphDef), or it is cut short or damaged",
            hint=_AGAIN,
            detail=str(error)[:500],
        ) from error
