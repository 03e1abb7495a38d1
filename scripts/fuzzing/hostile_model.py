"""Models that are damaged where they are read: the graph, what was compiled into it, the files beside it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import numpy as np

from fuzzing import mutators
from neuronserve.simulator import sample

Files = list[tuple[str, bytes]]
Ports = list[tuple[str, tuple[int, ...]]]


def honest(*, compiled: bool = True) -> Files:
    """A small model whose one NeuronOp multiplies, or without one."""
    from neuronserve.messages import graph_pb2

    weights = np.ones((3, 2), np.float32)
    inner = graph_pb2.GraphDef(
        node=[
            sample.placeholder("x0/_0", 1, 3),
            sample.constant("weights", weights),
            sample.node(
                "dense", "MatMul", "x0/_0", "weights", T=sample.FLOAT, transpose_a=False, transpose_b=False
            ),
        ]
    )
    nodes = [sample.placeholder("x", -1, 3)]
    if compiled:
        ports: tuple[Ports, Ports] = [("x0/_0", (1, 3))], [("dense:0", (1, 2))]
        nodes.append(sample.neuron_op("neuron", inner, ["x"], *ports, executable=sample.neff()))
    else:
        nodes.append(sample.identity("neuron", "x"))
    model = sample.saved_model(nodes, {"x": "x:0"}, {"y": "neuron:0"}, shapes={"x": (-1, 3), "y": (-1, 2)})
    return [
        ("1/saved_model.pb", model.SerializeToString()),
        ("1/variables/variables.index", b"\0" * 40 + bytes.fromhex("57fb808b247547db")),
        ("1/variables/variables.data-00000-of-00001", b"\0" * 64),
    ]


def textual() -> Files:
    """The same as text."""
    from google.protobuf import text_format

    from neuronserve.messages import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString(honest()[0][1])
    return [("1/saved_model.pbtxt", text_format.MessageToString(model).encode())]


_COLUMNS = (
    b"{", b"[]", b"[" * 100_000, b'{"serving_default": ["x"]}', b'{"serving_default": ["y", 1]}',
    b'{"a": ["' + b"x" * 9000 + b'"]}',
    b'{"\\ud800": []}', b"\xff\xfe", json.dumps({"n" * 5000: ["x"]}).encode(), b"1e999999", b"9" * 5000,
    b'{"serving_default": 5}',
)  # fmt: skip
_STRANGERS = (
    ("model.pt", b"PK\x03\x04" + b"\xff" * 60), ("model.onnx",
    b"\x08\x07\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ("m.h5", b"\x89HDF\r\n\x1a\n"), ("graph.pb", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ("x.json", b"[" * 99_999),
    ("m.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0"), ("m.tar", b"\0" * 257 + b"ustar" + b"\xff" * 250), ("m.pkl",
    b"\x80\x04\x95"),
    ("m.xz", b"\xfd7zXZ\0\0\xff"), ("m.bz2", b"BZh9\xff\xff"), ("m.safetensors", b"\xff" * 8 + b'{"'),
    ("m.joblib", b"\x78\x9c\xff"),
    ("frozen.pb", b"\x0a\x0e\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x12\x01a"),
)  # fmt: skip


def damaged(files: Files, rng: random.Random) -> Files:
    """One or two things wrong with a model."""
    made = list(files)
    for _ in range(rng.choice((1, 1, 2))):
        made = rng.choice((_content, _content, _content, _beside, _moved, _stranger))(made, rng)
    return made


def _content(files: Files, rng: random.Random) -> Files:
    at = rng.randrange(len(files)) if rng.random() < 0.3 else 0
    name, data = files[at]
    return [*files[:at], (name, mutators.mutated(data, (), rng)), *files[at + 1 :]]


def _beside(files: Files, rng: random.Random) -> Files:
    folder = files[0][0].rpartition("/")[0] if files else "1"
    extra: Sequence[tuple[str, bytes]] = (
        (f"{folder}/assets.extra/csv_columns.json", rng.choice(_COLUMNS)),
        (f"{folder}/assets.extra/tf_serving_warmup_requests", rng.randbytes(rng.randrange(60))),
        ("golden.jsonl", rng.choice((b"{", b"[" * 9999, b'{"instances": []}\n', b"\xff\n", b"\0" * 99))),
        (f"{folder}/fingerprint.pb", rng.randbytes(9)),
        ("compiled.meta", rng.randbytes(30)),
    )
    return [*files, rng.choice(extra)]


def _moved(files: Files, rng: random.Random) -> Files:
    """Into folders that mean something, or nothing."""
    top = rng.choice(
        (
            "",
            "export/Servo/",
            "a\nb/",
            "9" * 30 + "/",
            "\u0661/",
            "0001/",
            "m/" * 70,
            "n" * 200 + "/",
            "-/",
            "1/1/",
        )
    )
    return [
        (top + name.removeprefix("1/") if rng.random() < 0.5 else top + name, data) for name, data in files
    ]


def _stranger(files: Files, rng: random.Random) -> Files:
    name, data = rng.choice(_STRANGERS)
    return [
        (name, mutators.mutated(data, (), rng) if rng.random() < 0.5 else data),
        *files[rng.choice((0, len(files))) :],
    ]
