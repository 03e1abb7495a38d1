"""Model files of many frameworks, as their own writers make them, or byte for byte as those would.

Each entry of ``FILES``: what the file is called there, its bytes, and the key of its format.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LinearRegression

from tests import handmade


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def tar_gz(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def joblibbed(value: object, **options: int) -> bytes:
    data = io.BytesIO()
    joblib.dump(value, data, **options)
    return data.getvalue()


def torch(name: str = "archive") -> bytes:
    """As ``torch.save`` writes it: pickled tensors beside their storages."""
    return zipped(
        {
            f"{name}/data.pkl": b"\x80\x02ctorch._utils\n.",
            f"{name}/data/0": bytes(8),
            f"{name}/version": b"3\n",
        }
    )


def torchscript(code: bytes, name: str = "model") -> bytes:
    """As ``torch.jit.save`` writes it."""
    return zipped({
        f"{name}/data.pkl": b"\x80\x02.",
        f"{name}/code/__torch__/net.py": code,
        f"{name}/constants.pkl": b"\x80\x02).",
        f"{name}/version": b"3\n",
    })  # fmt: skip


def safetensors(form: str = "pt") -> bytes:
    header = json.dumps(
        {"__metadata__": {"format": form}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    )
    return struct.pack("<Q", len(header)) + header.encode() + bytes(4)


def onnx(producer: bytes = b"pytorch") -> bytes:
    graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) + field(2, b"main_graph")
    return field(1, 8) + field(2, producer) + field(3, b"2.1") + field(7, graph) + field(8, field(2, 17))


def coreml() -> bytes:
    return field(1, 5) + field(2, field(1, field(1, b"image"))) + field(500, field(1, b"layer"))


def frozen_graph() -> bytes:
    return handmade.linear(np.float32([[1, 2], [3, 4]])).SerializeToString()


def saved_model(folder: Path) -> bytes:
    return (handmade.doubling(folder / "made") / "saved_model.pb").read_bytes()


NEURON_CODE = b"def forward(self, x):\n  return ops.neuron.forward_v2([x], self.model)\n"
PLAIN_CODE = b"def forward(self, x):\n  return torch.relu(x)\n"
HUGGING_FACE = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "transformers_version": "4.40.0"}
MXNET_SYMBOL = {
    "nodes": [{"op": "null", "name": "data", "inputs": []}],
    "arg_nodes": [0],
    "heads": [[0, 0, 0]],
}
DLR_GRAPH = {**MXNET_SYMBOL, "nodes": [{"op": "tvm_op", "name": "fused", "attrs": {}, "inputs": []}]}


def text(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()


FILES: tuple[tuple[str, bytes, str], ...] = (
    ("model.pt", torch(), "torch"),
    ("pytorch_model.bin", torch("pytorch_model"), "torch"),
    ("old.pth", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "torch"),
    ("script.pt", torchscript(PLAIN_CODE), "torchscript"),
    ("model_neuron.pt", torchscript(NEURON_CODE), "neuron_torch"),
    ("model.neuron", torchscript(NEURON_CODE, "whatever"), "neuron_torch"),
    ("bert.mar", zipped({"MAR-INF/MANIFEST.json": b"{}", "model.pt": b""}), "torchserve"),
    ("model.safetensors", safetensors(), "hugging_face"),
    ("config.json", text(HUGGING_FACE), "hf_config"),
    ("config.json", text({**HUGGING_FACE, "neuron": {"compiler_type": "neuronx-cc"}}), "optimum"),
    ("model.onnx", onnx(), "onnx"),
    ("tf2onnx.onnx", onnx(b"tf2onnx"), "onnx"),
    ("net-0000.params", struct.pack("<QQQ", 0x112, 0, 1) + bytes(16), "mxnet"),
    ("net-symbol.json", text(MXNET_SYMBOL), "mxnet"),
    ("xgboost-model", text({"learner": {"attributes": {}}, "version": [2, 0, 3]}), "xgboost"),
    ("xgboost-model", b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{", "xgboost"),
    ("xgboost-model", b"binf" + bytes(32), "xgboost"),
    (
        "booster.pkl",
        b"\x80\x04\x95\x00\x01\x00\x00\x00\x00\x00\x00\x8c\x0cxgboost.core\x94\x8c\x07Booster\x94.",
        "xgboost",
    ),
    ("model.txt", b"tree\nversion=v4\nnum_class=1\n", "lightgbm"),
    ("model.cbm", b"CBM1" + bytes(40), "catboost"),
    ("model.pkl", pickle.dumps(LinearRegression()), "sklearn"),
    ("model.joblib", joblibbed(LinearRegression()), "sklearn"),
    ("small.joblib", joblibbed(LinearRegression(), compress=3), "sklearn"),
    ("words.pkl", pickle.dumps({"a": 1}), "pickle"),
    ("compiled.params", struct.pack("<QQQ", 0xF7E58D4F05049CB7, 0, 1), "dlr"),
    ("compiled_model.json", text(DLR_GRAPH), "dlr"),
    ("llama.gguf", b"GGUF" + struct.pack("<I", 3), "gguf"),
    ("resnet.plan", b"ftrt" + bytes(64), "tensorrt"),
    ("net.xml", b'<?xml version="1.0"?>\n<net name="resnet" version="11">\n<layers>', "openvino"),
    ("net.mlmodel", coreml(), "coreml"),
    ("model.tflite", b"\x1c\0\0\0TFL3" + bytes(40), "tflite"),
    ("model.json", text({"format": "graph-model", "modelTopology": {}, "weightsManifest": []}), "tfjs"),
    ("frozen.pb", frozen_graph(), "graph"),
    ("graph.pbtxt", b'node {\n  name: "x"\n  op: "Placeholder"\n}\n', "graph"),
    ("checkpoint", b'model_checkpoint_path: "ckpt-1"\n', "checkpoint"),
    ("ckpt-1.index", bytes(40) + bytes.fromhex("57fb808b247547db"), "checkpoint"),
    ("model.neff", handmade.neff(), "neff"),
    (
        "weights.keras",
        zipped({"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b"\x89HDF"}),
        "keras",
    ),
    ("model.json", text({"module": "keras", "class_name": "Sequential", "config": {}}), "keras"),
    ("model.json", text({"class_name": "Model", "config": {}, "keras_version": "2.11.0"}), "keras"),
    ("weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "keras"),
    ("inner.tar.gz", tar_gz({"1/saved_model.pb": b"\x08\x01"}), "packed"),
    ("inner.zip", zipped({"1/saved_model.pb": b"\x08\x01"}), "packed"),
    ("again.tar.gz", tar_gz({"./model.onnx": onnx()}), "onnx"),
    ("again.zip", zipped({"weights/net.pth": b"x"}), "torch"),
    ("deep.tgz", tar_gz({"a/xgboost-model": b"{}"}), "xgboost"),
)

# what shows nothing: no format may be read into it
PLAIN: tuple[tuple[str, bytes], ...] = (
    ("empty", b""),
    ("notes", b"\n\nnode of thought\n"),
    ("labels", text({"0": "cat", "1": "dog"})),
    ("table", b"a,b\n1,2\n"),
    ("zeros", bytes(1000)),
    ("page", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
    ("packed", zlib.compress(b"words words words")),
    ("array", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}"),
    ("number", field(1, 1)),
    ("letter", field(1, b"a name") + field(2, b"a street")),
)
