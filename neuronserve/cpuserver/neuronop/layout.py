"""Channels-first operators made channels-last, which is all that TensorFlow's CPU kernels know.

Neuron takes either layout. Around each such operator go two transposes; TensorFlow's optimizer drops
those that cancel out.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import node_def_pb2


@dataclasses.dataclass(frozen=True)
class _Kind:
    """Which inputs and outputs of an operator hold images, and which input holds an image's sizes."""

    images: tuple[int, ...] = (0,)
    sizes: tuple[int, ...] = ()


_KINDS = {
    **dict.fromkeys(("Conv2D", "DepthwiseConv2dNative", "Conv3D"), _Kind()),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), _Kind()),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BiasAdd"), _Kind()),
    **dict.fromkeys(("SpaceToDepth", "DepthToSpace"), _Kind()),
    **dict.fromkeys(
        ("Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput", "Conv3DBackpropInputV2"),
        _Kind(images=(2,), sizes=(0,)),
    ),
}
_LAST = {b"NCHW": b"NHWC", b"NCDHW": b"NDHWC"}
_PER_AXIS = ("strides", "dilations", "ksize")
_INT32 = 3


def channels_last(nodes: Any) -> dict[str, str]:
    """Change the nodes of a graph in place; the tensors that are called otherwise now: old -> new."""
    renamed: dict[str, str] = {}
    for node in list(nodes):
        first = node.attr["data_format"].s if "data_format" in node.attr else b""
        # a bias over a matrix has no layout; over images rank 4 is all that channels-first can mean
        if node.op in _KINDS and first in _LAST:
            renamed.update(_change(nodes, node, first))
    for node in nodes:
        for at, source in enumerate(node.input):
            node.input[at] = renamed.get(source, source)
    return renamed


def _change(nodes: Any, node: Any, first: bytes) -> dict[str, str]:
    """Let the operator run channels-last under another name, and a transpose take its own."""
    last, kind, name = _LAST[first], _KINDS[node.op], node.name
    dtype = node.attr["T"].type
    to_last = [first.index(axis) for axis in last]
    to_first = [last.index(axis) for axis in first]
    node.name = f"{name}/channels_last"
    node.attr["data_format"].s = last
    for key in _PER_AXIS:
        if key in node.attr and len(node.attr[key].list.i) == len(to_last):
            _permute(node.attr[key].list.i, to_last, 1)
    if "explicit_paddings" in node.attr and node.attr["explicit_paddings"].list.i:
        _permute(node.attr["explicit_paddings"].list.i, to_last, 2)
    for at in kind.images:
        node.input[at] = _transpose(nodes, f"{name}/to_last_{at}", node.input[at], to_last, dtype)
    for at in kind.sizes:
        node.input[at] = _permuted_sizes(nodes, f"{name}/sizes_{at}", node.input[at], first, last)
    _transpose(nodes, name, f"{node.name}:0", to_first, dtype)
    # other outputs (a batch normalisation's) hold no images
    return {f"{name}:{at}": f"{node.name}:{at}" for at in range(1, 6)}


def _permute(values: Any, order: list[int], width: int) -> None:
    """Reorder a list of ``width`` numbers for each axis."""
    old = [list(values[at : at + width]) for at in range(0, len(values), width)]
    del values[:]
    for axis in order:
        values.extend(old[axis])


def _transpose(nodes: Any, name: str, source: str, order: list[int], dtype: int) -> str:
    constant = f"{name}/order"
    values = node_def_pb2.NodeDef(name=constant, op="Const")
    values.attr["dtype"].type = _INT32
    values.attr["value"].tensor.CopyFrom(tensorproto.encode(np.array(order, np.int32), _INT32))
    turn = node_def_pb2.NodeDef(name=name, op="Transpose", input=[source, constant])
    turn.attr["T"].type = dtype
    turn.attr["Tperm"].type = _INT32
    nodes.extend([values, turn])
    return name


def _permuted_sizes(nodes: Any, name: str, source: str, first: bytes, last: bytes) -> str:
    node = node_def_pb2.NodeDef(name=name, op="DataFormatVecPermute", input=[source])
    node.attr["T"].type = _INT32
    node.attr["src_format"].s, node.attr["dst_format"].s = first, last
    nodes.append(node)
    return name
