"""Compiled models made here, for simulated hosts: SavedModels with NeuronOps, written as protobuf messages.

They look as the Neuron compiler's do (attributes and NEFF as in two real ones), and hold no code for any
NeuronCore: only the simulator, which runs the graph on the CPU, can serve them.
"""

from __future__ import annotations

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
from neuronserve.messages import node_def_pb2, saved_model_pb2

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


def integers(values: Any) -> Any:
    """A TensorProto of int32, for shapes and axes."""
    return tensorproto.encode(np.asarray(values, np.int32), INT32)


def identity(name: str, source: str) -> Any:
    made = node_def_pb2.NodeDef(name=name, op="IdentityN", input=[source])
    made.attr["T"].list.type.append(FLOAT)
    return made


def neuron_op(  # noqa: PLR0913  as many as such a node has attributes
    name: str,
    graph: Any,
    sources: list[str],
    inputs: list[tuple[str, tuple[int, ...]]],
    outputs: list[tuple[str, tuple[int, ...]]],
    *,
    batch_axis: int = 0,
    executable: bytes = b"NEFF",
    model_config: tuple[int, ...] = (1, 1, 4, 10),
    automatic_multicore: int | None = None,
) -> Any:
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
