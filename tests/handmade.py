"""SavedModels and NeuronOp nodes written by hand as protobuf messages: no TensorFlow needed."""

from pathlib import Path
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import function_pb2, graph_pb2, node_def_pb2, types_pb2
from neuronserve.simulator.sample import (
    FLOAT,
    INT32,
    constant,
    identity,
    neff,
    neff_of,
    neuron_op,
    node,
    placeholder,
    saved_model,
    tarred,
    write,
)

STRING = types_pb2.DT_STRING
__all__ = [
    "FLOAT",
    "INT32",
    "constant",
    "identity",
    "neff",
    "neff_of",
    "neuron_op",
    "node",
    "placeholder",
    "saved_model",
    "tarred",
    "write",
]


def function(name: str, inputs: list[str], outputs: dict[str, str], nodes: list[Any]) -> Any:
    """A FunctionDef of floats; outputs: name -> tensor of the body, such as ``node:output:0``."""
    made = function_pb2.FunctionDef(node_def=nodes, ret=outputs)
    made.signature.name = name
    for arguments, names in ((made.signature.input_arg, inputs), (made.signature.output_arg, outputs)):
        for argument in names:
            arguments.add(name=argument, type=FLOAT)
    return made


def call(name: str, function: str, *inputs: str, results: int = 1) -> Any:
    """A call of a function, as TensorFlow 2 writes it."""
    made = node_def_pb2.NodeDef(name=name, op="StatefulPartitionedCall", input=inputs)
    made.attr["f"].func.name = function
    made.attr["Tin"].list.type.extend(FLOAT for source in inputs if not source.startswith("^"))
    made.attr["Tout"].list.type.extend([FLOAT] * results)
    return made


def linear(weights: Any, source: str = "x0/_0", name: str = "dense") -> Any:
    """The GraphDef of ``dense = x @ weights``."""
    weights = np.asarray(weights)
    return graph_pb2.GraphDef(node=[
        placeholder(source, 1, weights.shape[0]),
        constant("weights", weights),
        node(name, "MatMul", source, "weights", T=FLOAT, transpose_a=False, transpose_b=False),
    ])  # fmt: skip


def doubling(folder: Path, factor: float = 2.0) -> Path:
    """A model ``y = factor * x``."""
    nodes = [placeholder("x", -1, 2), constant("factor", factor), node("y", "Mul", "x", "factor", T=FLOAT)]
    return write(saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), folder)


def doubling_rows(folder: Path, factor: float = 2.0, *, width: int = 3) -> Path:
    """A model ``y = factor * x`` for ``x`` of shape [n, width], as its signature says."""
    nodes = [
        placeholder("x", -1, width),
        constant("factor", factor),
        node("y", "Mul", "x", "factor", T=FLOAT),
    ]
    model = saved_model(nodes, {"x": "x:0"}, {"y": "y:0"})
    signature = model.meta_graphs[0].signature_def["serving_default"]
    for info in (signature.inputs["x"], signature.outputs["y"]):
        info.tensor_shape.Clear()
        info.tensor_shape.dim.add(size=-1)
        info.tensor_shape.dim.add(size=width)
    return write(model, folder)


def difference(folder: Path) -> Path:
    """A model ``y = a - b`` of two inputs, with a row each."""
    nodes = [placeholder("b", -1), placeholder("a", -1), node("y", "Sub", "a", "b", T=FLOAT)]
    shapes = {"a": (-1,), "b": (-1,), "y": (-1,)}
    return write(saved_model(nodes, {"b": "b:0", "a": "a:0"}, {"y": "y:0"}, shapes=shapes), folder)


def reading(folder: Path) -> Path:
    """A model that answers with the content of a file, whose path is its one input: a string, and no list."""
    nodes = [node("path", "Placeholder", dtype=STRING, shape=()), node("content", "ReadFile", "path")]
    shapes: dict[str, tuple[int, ...]] = {"path": (), "content": ()}
    model = saved_model(nodes, {"path": "path:0"}, {"content": "content:0"}, shapes=shapes)
    signature = model.meta_graphs[0].signature_def["serving_default"]
    for info in (signature.inputs["path"], signature.outputs["content"]):
        info.dtype = STRING
    return write(model, folder)


def weights(width: int = 3) -> Any:
    """What ``compiled`` multiplies with: (width, width) float32, small and whole, so that sums are exact."""
    return (np.arange(width * width, dtype=np.float32).reshape(width, width) * 3 + 1) % 7 - 3


def compiled(
    folder: Path,
    *,
    batch: int = 1,
    dynamic: bool = True,
    cores: int = 1,
    max_duplicates: int = 4,
    generation: str = "inf1",
    width: int = 3,
    signature_batch: int | None = None,
    outputs_without_batch: bool = False,
    automatic_multicore: int | None = None,
) -> Path:
    """A compiled model ``y = x @ weights(width)``, x and y (rows, width), that the CPU server can run.

    ``batch`` rows were compiled; ``dynamic``: any number of them is taken, else ``batch`` only, and the
    signature says so unless ``signature_batch`` says otherwise (-1: any). ``cores`` > 1: a pipeline.
    ``generation``: "inf1" or "trn1". ``outputs_without_batch`` adds ``total``, the sum of y, a scalar.
    """
    if width > 15:
        raise ValueError("weights over 1,024 bytes would have been emptied by the compiler")
    rows = signature_batch if signature_batch is not None else -1 if dynamic else batch
    graph = _compiled_graph(batch, width, outputs_without_batch)
    ports = [("dense:0", (batch, width))] + ([("total:0", ())] if outputs_without_batch else [])
    executable = neff(cores) if generation == "inf1" else neff(cores, "2.12.68.0", "sunda")
    op = neuron_op(
        "neuron_op_0", graph, ["x"], [("x0/_0:0", (batch, width))], ports,
        batch_axis=0 if dynamic else -1, executable=executable,
        model_config=(cores, cores, max_duplicates, 10), automatic_multicore=automatic_multicore,
    )  # fmt: skip
    if outputs_without_batch and dynamic:
        op.attr["output_batch_axis"].list.i[1] = -1
    nodes = [placeholder("x", rows, width), op, identity("dense", "neuron_op_0")]
    outputs, shapes = {"y": "dense:0"}, {"x": (rows, width), "y": (rows, width)}
    if outputs_without_batch:
        nodes.append(identity("total", "neuron_op_0:1"))
        outputs, shapes = {**outputs, "total": "total:0"}, {**shapes, "total": ()}
    return write(saved_model(nodes, {"x": "x:0"}, outputs, shapes=shapes), folder)


def pipeline(folder: Path, *, cores: int = 2, **more: Any) -> Path:
    """The same as one pipeline over several cores, of which a process places one copy."""
    return compiled(folder, cores=cores, **more)


def _compiled_graph(batch: int, width: int, total: bool) -> Any:
    graph = linear(weights(width))
    graph.node[0].attr["shape"].shape.dim[0].size = batch
    if total:
        axes = node("axes", "Const", dtype=INT32)
        axes.attr["value"].tensor.CopyFrom(tensorproto.encode(np.array([0, 1], np.int32), INT32))
        graph.node.extend([axes, node("total", "Sum", "dense", "axes", T=FLOAT, Tidx=INT32, keep_dims=False)])
    return graph
