"""What a NeuronOp node says of itself."""

from __future__ import annotations

import dataclasses
from typing import Any

from google.protobuf.message import DecodeError

from neuronserve.artifact.inspect.ports import axis_at, shape_at
from neuronserve.cpuserver.status import Code, Refused
from neuronserve.messages import graph_pb2

OP = "NeuronOp"


def refused(node: str, why: str) -> Refused:
    """The error for a node that cannot run on CPU: why, and what to do instead."""
    return Refused(
        Code.FAILED_PRECONDITION,
        f"NeuronOp {node} cannot run on CPU: {why}. Serve this model on Inferentia or Trainium, or serve the "
        "SavedModel it was compiled from on CPU.",
    )


@dataclasses.dataclass(frozen=True)
class Port:
    """One compiled input or output. ``batch_axis`` is the axis of any size; None: the shape is fixed."""

    name: str
    dtype: int
    shape: tuple[int, ...] | None
    batch_axis: int | None

    def accepted(self) -> tuple[int, ...] | None:
        """The shape with -1 at the batch axis; None when it is unknown."""
        if self.shape is None:
            return None
        return tuple(-1 if axis == self.batch_axis else size for axis, size in enumerate(self.shape))


@dataclasses.dataclass(frozen=True)
class NeuronNode:
    """A parsed NeuronOp. ``sources`` are its data inputs as its graph writes them."""

    name: str
    sources: tuple[str, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    graph: Any  # GraphDef


def parse(node: Any) -> NeuronNode:
    """Read a NodeDef whose op is NeuronOp; Refused when its attributes are absent or disagree."""
    sources = tuple(source for source in node.input if not source.startswith("^"))
    # with weights outside the executable, input_names lists those too; the real ones are apart
    real = [name.decode() for name in node.attr["_real_input_names"].list.s]
    inputs = _ports(node, "input", real if len(real) == len(sources) else [])
    outputs = _ports(node, "output", [])
    if len(inputs) != len(sources):
        raise refused(
            node.name, f"it has {len(sources)} inputs, but its attributes describe {len(inputs)} of them"
        )
    return NeuronNode(node.name, sources, inputs, outputs, _graph(node))


def _graph(node: Any) -> Any:
    content = node.attr["graph_def"].s
    if not content:
        raise refused(node.name, "it does not carry the graph it was compiled from")
    try:
        return graph_pb2.GraphDef.FromString(content)
    except DecodeError:
        raise refused(node.name, "the graph it carries is damaged") from None


def _ports(node: Any, side: str, names: list[str]) -> tuple[Port, ...]:
    names = names or [name.decode() for name in node.attr[f"{side}_names"].list.s]
    types = node.attr[f"{side}_dtypes"].list.type
    if len(names) != len(types):
        # then input_names also lists weights, and the dtypes count for the real inputs
        names = [*names[: len(types)], *([""] * (len(types) - len(names)))]
    shapes, axes = node.attr[f"{side}_shapes"].list.shape, node.attr[f"{side}_batch_axis"].list.i
    return tuple(
        Port(name, dtype, shape_at(shapes, at), axis_at(axes, at))
        for at, (name, dtype) in enumerate(zip(names, types, strict=True))
    )
