"""SavedModels and NeuronOp nodes written by hand as protobuf messages: no TensorFlow needed."""

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import function_pb2, graph_pb2, node_def_pb2, saved_model_pb2

FLOAT = 1
INT32 = 3


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
              outputs: list[tuple[str, tuple[int, ...]]], *, batch_axis: int = 0,
              executable: bytes = b"NEFF", model_config: tuple[int, ...] = (1, 1, 4, 10),
              automatic_multicore: int | None = None) -> Any:  # fmt: skip
    """A NeuronOp as the compiler writes it; inputs and outputs are (name, compiled shape)."""
    made = node_def_pb2.NodeDef(name=name, op="NeuronOp", input=sources)
    made.attr["graph_def"].s = graph.SerializeToString()
    made.attr["executable"].s = executable
    for side, ports in (("input", inputs), ("output", outputs)):
        made.attr[f"{side}_names"].list.s.extend(port.encode() for port, _ in ports)
        made.attr[f"{side}_dtypes"].list.type.extend(FLOAT for _ in ports)
        made.attr[f"{side}_batch_axis"].list.i.extend(batch_axis for _ in ports)
        for _, shape in ports:
            entry = made.attr[f"{side}_shapes"].list.shape.add()
            for size in shape:
                entry.dim.add(size=size)
    made.attr["model_config"].list.i.extend(model_config)
    if automatic_multicore is not None:
        made.attr["_automatic_multicore"].i = automatic_multicore
    return made


def identity(name: str, source: str) -> Any:
    made = node_def_pb2.NodeDef(name=name, op="IdentityN", input=[source])
    made.attr["T"].list.type.append(FLOAT)
    return made


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


def saved_model(
    nodes: list[Any],
    inputs: dict[str, str],
    outputs: dict[str, str],
    functions: Any = (),
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Any:
    """A TF1-style SavedModel without variables; inputs and outputs: alias -> tensor name.

    ``shapes``: what the signature says of an alias, with -1 for any size; of others the rank is unknown.
    """
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
            if shapes is None or alias not in shapes:
                side[alias].tensor_shape.unknown_rank = True
            else:
                side[alias].tensor_shape.SetInParent()
                for size in shapes[alias]:
                    side[alias].tensor_shape.dim.add(size=size)
    return model


def write(model: Any, folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def doubling(folder: Path, factor: float = 2.0) -> Path:
    """A model ``y = factor * x``."""
    nodes = [placeholder("x", -1, 2), constant("factor", factor), node("y", "Mul", "x", "factor", T=FLOAT)]
    return write(saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), folder)


def neff(
    num_tpb: int = 1, tool_version: str = "1.6.13.0", target: str | None = None, *, gz: bool = True
) -> bytes:
    """A NEFF as two real ones look: a header of 1,024 bytes, then a tar with info.json and kelf-0.json.

    ``num_tpb``: NeuronCores; ``target``: of the kelf, "sunda" for Inf2 and Trn1.
    """
    name = f"{tool_version}+9f61b2f75-/tmp/tmpf19_um7j"
    info = {"tool_version": f"{tool_version}+9f61b2f75", "name": name, "num_tpb": num_tpb}
    kelf = {"graphs": [{"definition": "sg00/def.json", "name": "sg00"}], "version": "0.5"}
    members = {"info.json": info, "kelf-0.json": kelf | ({"target": target} if target else {})}
    data = tarred({path: json.dumps(content, indent=4).encode() for path, content in members.items()})
    return neff_of(gzip.compress(data, mtime=0) if gz else data, name=name, num_tpb=num_tpb)


def neff_of(data: bytes, *, name: str = "", num_tpb: int = 1) -> bytes:
    """A NEFF's header and whatever data."""
    header = bytearray(1024)
    struct.pack_into("<5Q128xI48x256sI", header, 0, 2, 1024, len(data), 1, 0, num_tpb, name.encode(), num_tpb)
    return bytes(header) + data


def tarred(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


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
