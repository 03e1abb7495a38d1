"""Models that are to be compiled, written by hand as protobuf messages: no TensorFlow needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format

from neuronserve.messages import graph_pb2, saved_model_pb2

FLOAT, STRING = 1, 7


def saved_model(folder: Path, inputs: dict[str, tuple[int, ...] | None], **more: Any) -> Path:
    """A SavedModel that copies its first input. ``signature``: its name; ``version``: TensorFlow's;
    ``dtype``: of the inputs; ``variables``: whether it has some.
    """
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    graph = model.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    graph.meta_info_def.tensorflow_version = more.get("version", "2.5.0")
    signature = graph.signature_def[more.get("signature", "serving_default")]
    for name, shape in inputs.items():
        tensor = f"serving_default_{name}"
        graph.graph_def.node.add(name=tensor, op="Placeholder")
        _fill(signature.inputs[name], f"{tensor}:0", more.get("dtype", FLOAT), shape)
    graph.graph_def.node.add(name="y", op="Identity", input=[graph.graph_def.node[0].name])
    _fill(signature.outputs["y"], "y:0", FLOAT, (-1,))
    for name, data in {
        "saved_model.pb": model.SerializeToString(deterministic=True),
        "fingerprint.pb": b"of newer TensorFlows",
        "keras_metadata.pb": b"of Keras",
        "assets/words.txt": b"a\n",
        "variables/variables.index": b"index",
        "variables/variables.data-00000-of-00001": b"data",
    }.items():
        if name.startswith("variables/") and not more.get("variables", True):
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _fill(info: Any, name: str, dtype: int, shape: tuple[int, ...] | None) -> None:
    info.name, info.dtype = name, dtype
    info.tensor_shape.unknown_rank = shape is None
    for size in shape or ():
        info.tensor_shape.dim.add(size=size)


def frozen_graph(file: Path, shape: tuple[int, ...] = (-1, 4), *, variables: bool = False) -> Path:
    """A graph of one placeholder ``input`` and an output ``probabilities``; .pb or .pbtxt."""
    graph = graph_pb2.GraphDef()
    node = graph.node.add(name="input", op="Placeholder")
    node.attr["dtype"].type = FLOAT
    node.attr["shape"].shape.SetInParent()
    for size in shape:
        node.attr["shape"].shape.dim.add(size=size)
    graph.node.add(name="w", op="VarHandleOp" if variables else "Const")
    graph.node.add(name="probabilities", op="Mul", input=["input", "w"])
    text = text_format.MessageToString(graph).encode()
    file.write_bytes(text if file.suffix == ".pbtxt" else graph.SerializeToString(deterministic=True))
    return file
