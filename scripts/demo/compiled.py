"""A compiled digit classifier for simulated Neuron hosts: softmax regression inside of one NeuronOp.

No Neuron compiler made it: it looks as its models do, and only the simulator can serve it.
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

import numpy as np

from demo import digits
from demo.model import NAME
from neuronserve.generation import Generation
from neuronserve.messages import graph_pb2
from neuronserve.simulator import sample
from neuronserve.simulator.sample import FLOAT, constant, identity, neff, node, placeholder

_COMPILERS = {
    Generation.V1: ("1.6.13.0", None),
    Generation.V2: ("2.12.68.0", "sunda"),
}  # version, NEFF's target
_IMAGE = (8, 8, 1)


def archive(folder: Path, generation: Generation) -> Path:
    """``model.tar.gz`` in ``folder``: trained now, in a second, and "compiled" for ``generation``."""
    made = folder / "compiled.tar.gz"
    with tempfile.TemporaryDirectory(dir=folder) as scratch, tarfile.open(made, "w:gz") as tar:
        saved = Path(scratch) / "1"
        sample.write(_saved_model(*_weights(), generation), saved)
        tar.add(saved, f"{NAME}/1")
    return made


def _weights() -> tuple[np.ndarray, np.ndarray]:
    """float32 [64, 10] and [10], fitted to the digits to learn from."""
    from sklearn.linear_model import LogisticRegression

    learn, _ = digits.load()
    fitted = LogisticRegression(max_iter=1000).fit(learn.images.reshape(-1, 64), learn.labels)
    return fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)


def _saved_model(weights: np.ndarray, bias: np.ndarray, generation: Generation) -> object:
    """Compiled for one image at a time, with batches of any number: 4 copies in one process."""
    version, target = _COMPILERS[generation]
    flat = node("flat/shape", "Const", dtype=sample.INT32)
    flat.attr["value"].tensor.CopyFrom(sample.integers([-1, 64]))
    graph = graph_pb2.GraphDef(
        node=[
            placeholder("image0/_0", 1, *_IMAGE),
            flat,
            node("flat", "Reshape", "image0/_0", "flat/shape", T=FLOAT, Tshape=sample.INT32),
            constant("weights", weights),
            constant("bias", bias),
            node("times", "MatMul", "flat", "weights", T=FLOAT, transpose_a=False, transpose_b=False),
            node("plus", "BiasAdd", "times", "bias", T=FLOAT),
            node("softmax", "Softmax", "plus", T=FLOAT),
        ]
    )
    op = sample.neuron_op(
        "digits/neuron_op",
        graph,
        ["image"],
        [("image0/_0:0", (1, *_IMAGE))],
        [("softmax:0", (1, 10))],
        executable=neff(1, version, target),
    )
    return sample.saved_model(
        [placeholder("image", -1, *_IMAGE), op, identity("softmax", "digits/neuron_op")],
        {"image": "image:0"},
        {"probabilities": "softmax:0"},
        shapes={"image": (-1, *_IMAGE), "probabilities": (-1, 10)},
    )
