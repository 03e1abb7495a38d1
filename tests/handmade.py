"""SavedModels and NeuronOp nodes written by hand as protobuf messages: no TensorFlow needed."""

from pathlib import Path
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import graph_pb2, node_def_pb2, saved_model_pb2

FLOAT = 1


def node(name: str, op: str, *inputs: str, **attrs: Any) -> Any:
    """A NodeDef; an attribute is a dtype (int), bytes, a bool, an array (a tensor) or a shape (tuple)."""
    made = node_def_pb2.NodeDef(name=name, op=op, input=inputs)
    for key, value in attrs.items():
        attr = made.attr[key]
        if isinstance(value, bool):
            attr.b = value
        elif isinstance(value, int):
            attr.type = value
        elif isinstance(value, bytes):
            attr.s = value
        elif isinstance(value, np.ndarray):
            attr.tensor.CopyFrom(tensorproto.encode(value.astype(np.float32), FLOAT))
        else:
            attr.shape.SetInParent()
            for size in value:
                attr.shape.dim.add(size=size)
    return made


def placeholder(name: str, *shape: int) -> Any:
    return node(name, "Placeholder", dtype=FLOAT, shape=shape)


def constant(name: str, values: Any) -> Any:
    return node(name, "Const", dtype=FLOAT, value=np.asarray(values, np.float32))


def linear(weights: Any, source: str = "x0/_0", name: str = "dense") -> Any:
    """The GraphDef of ``dense = x @ weights``."""
    weights = np.asarray(weights)
    return graph_pb2.GraphDef(node=[
        placeholder(source, 1, weights.shape[0]),
        constant("weights", weights),
        node(name, "MatMul", source, "weights", T=FLOAT, transpose_a=False, transpose_b=False),
    ])  # fmt: skip


def neuron_op(name: str, graph: Any, sources: list[str], inputs: list[tuple[str, tuple[int, ...]]],
              outputs: list[tuple[str, tuple[int, ...]]], *, batch_axis: int = 0) -> Any:  # fmt: skip
    """A NeuronOp as the compiler writes it; inputs and outputs are (name, compiled shape)."""
    made = node_def_pb2.NodeDef(name=name, op="NeuronOp", input=sources)
    made.attr["graph_def"].s = graph.SerializeToString()
    made.attr["executable"].s = b"NEFF"
    for side, ports in (("input", inputs), ("output", outputs)):
        made.attr[f"{side}_names"].list.s.extend(port.encode() for port, _ in ports)
        made.attr[f"{side}_dtypes"].list.type.extend(FLOAT for _ in ports)
        made.attr[f"{side}_batch_axis"].list.i.extend(batch_axis for _ in ports)
        for _, shape in ports:
            entry = made.attr[f"{side}_shapes"].list.shape.add()
            for size in shape:
                entry.dim.add(size=size)
    made.attr["model_config"].list.i.extend((1, 1, 4, 10))
    return made


def identity(name: str, source: str) -> Any:
    made = node_def_pb2.NodeDef(name=name, op="IdentityN", input=[source])
    made.attr["T"].list.type.append(FLOAT)
    return made


def saved_model(
    nodes: list[Any], inputs: dict[str, str], outputs: dict[str, str], functions: Any = ()
) -> Any:
    """A TF1-style SavedModel without variables; inputs and outputs: alias -> tensor name."""
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = model.meta_graphs.add()
    meta_graph.meta_info_def.tags.append("serve")
    meta_graph.graph_def.node.extend(nodes)
    meta_graph.graph_def.versions.producer = 1800
    meta_graph.graph_def.library.function.extend(functions)
    signature = meta_graph.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for side, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
        for alias, tensor in tensors.items():
            side[alias].name, side[alias].dtype = tensor, FLOAT
            side[alias].tensor_shape.unknown_rank = True
    return model


def write(model: Any, folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def doubling(folder: Path, factor: float = 2.0) -> Path:
    """A model ``y = factor * x``."""
    nodes = [placeholder("x", -1, 2), constant("factor", factor), node("y", "Mul", "x", "factor", T=FLOAT)]
    return write(saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), folder)
