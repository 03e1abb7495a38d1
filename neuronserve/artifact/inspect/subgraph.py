"""One NeuronOp: a part of the graph that was compiled for NeuronCores.

Attribute names and meanings are those of tensorflow-neuron's ``node_def_keys.h``. Reading is tolerant: an
attribute of another type than expected counts as absent, so that a report can be made of any node.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from neuronserve.artifact.inspect.erased import emptied
from neuronserve.artifact.inspect.neff import MOST_CORES, Executable
from neuronserve.artifact.inspect.ports import axis_at, shape_at
from neuronserve.artifact.inspect.scan import OP
from neuronserve.messages import graph_pb2, types_pb2

UNKNOWN = -1
_NESTING = 3  # NeuronOps inside the graph of a NeuronOp: none are known; this bounds a hostile file


@dataclasses.dataclass(frozen=True)
class Port:
    """One compiled input or output. ``at`` is its place among the node's inputs or outputs; ``shape`` as
    compiled, () for a scalar, None when not told; ``batch_axis``: the axis that may have any size, None
    when all are fixed.
    """

    at: int
    name: str
    dtype: str  # as in a graph: float, int32
    shape: tuple[int, ...] | None
    batch_axis: int | None

    @property
    def rows(self) -> int | None:
        """The compiled size of axis 0; None when there is no such axis or it is not told."""
        return self.shape[0] if self.shape and self.shape[0] > 0 else None


@dataclasses.dataclass(frozen=True)
class Subgraph:
    """What a NeuronOp says of itself. ``function`` is "" in the main graph; ``inside`` names the NeuronOp
    whose original graph holds it, and which runs instead of it; ``signatures`` are those that run it.

    Numbers of cores and copies, and ``timeout`` (seconds), are -1 when unknown. ``automatic_multicore`` is
    the number of cores it asked for, 0 when it was not used. ``weights_outside`` counts inputs that are
    weights. ``ops`` is the original graph by op; None when it is absent or damaged.
    """

    name: str
    function: str
    inside: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    global_cores: int
    own_cores: int
    max_duplicates: int
    timeout: int
    automatic_multicore: int
    instance_type: str
    weights_outside: int
    executable: Executable
    graph_bytes: int
    emptied: int
    ops: Mapping[str, int] | None
    signatures: tuple[str, ...] = ()


def parse(
    node: Any, function: str, read: Callable[[bytes], Executable], *, inside: tuple[str, ...] = ()
) -> Iterator[Subgraph]:
    """The NeuronOp of a NodeDef, then those inside its original graph. ``read``: see ``neff``."""
    graph, ops, gone = _original(node)
    config = _model_config(node)
    yield Subgraph(
        name=node.name,
        function=function,
        inside="/".join(inside),
        inputs=_inputs(node),
        outputs=_ports(node, "output"),
        global_cores=_bounded(config[0]),
        own_cores=_bounded(config[1]),
        max_duplicates=_bounded(config[2]),
        timeout=config[3] if config[3] >= 0 else UNKNOWN,
        automatic_multicore=max(0, _bounded(_attr(node, "_automatic_multicore").i)),
        instance_type=_attr(node, "_instance_type").s.decode(errors="replace"),
        weights_outside=_weights_outside(node),
        executable=read(_attr(node, "executable").s),
        graph_bytes=len(_attr(node, "graph_def").s),
        emptied=gone,
        ops=ops,
    )
    if graph is None or len(inside) >= _NESTING:
        return
    for name, nodes in bodies(graph):
        for inner in nodes:
            if inner.op == OP:
                yield from parse(inner, name, read, inside=(*inside, node.name))


def bodies(graph: Any) -> Iterator[tuple[str, Any]]:
    """Name and nodes of each function of a GraphDef, after "" and its own nodes."""
    yield "", graph.node
    for function in graph.library.function:
        yield function.signature.name, function.node_def


def _original(node: Any) -> tuple[Any, dict[str, int] | None, int]:
    """The graph it was compiled from, its ops counted, and how many constants were emptied."""
    content = _attr(node, "graph_def").s
    if not content:
        return None, None, 0
    try:
        graph = graph_pb2.GraphDef.FromString(content)
    except DecodeError:
        return None, None, 0
    ops: dict[str, int] = {}
    gone = 0
    for _, nodes in bodies(graph):
        gone += len(emptied(nodes))
        for inner in nodes:
            ops[inner.op] = ops.get(inner.op, 0) + 1
    return graph, ops, gone


def _attr(node: Any, key: str) -> Any:
    return node.attr[key]  # an absent one reads as empty, as does a value of another type


def _model_config(node: Any) -> list[int]:
    numbers = list(_attr(node, "model_config").list.i)[:4]
    return numbers + [UNKNOWN] * (4 - len(numbers))


def _bounded(cores: int) -> int:
    return cores if 0 <= cores <= MOST_CORES else UNKNOWN


def _inputs(node: Any) -> tuple[Port, ...]:
    """With weights outside the executable, the lists name those too; the real inputs are told apart."""
    every = _ports(node, "input")
    real = [name.decode(errors="replace") for name in _attr(node, "_real_input_names").list.s]
    places = list(_attr(node, "_real_input_locations").list.i)
    if not real or len(real) > len(every):
        return every
    if len(places) != len(real) or not all(0 <= at < len(every) for at in places):
        places = list(range(len(real)))
    alone = sum(not source.startswith("^") for source in node.input) == len(real)
    return tuple(
        dataclasses.replace(every[place], name=name, at=at if alone else place)
        for at, (name, place) in enumerate(zip(real, places, strict=True))
    )


def _weights_outside(node: Any) -> int:
    real = len(_attr(node, "_real_input_names").list.s)
    return max(0, len(_attr(node, "input_names").list.s) - real) if real else 0


def _ports(node: Any, side: str) -> tuple[Port, ...]:
    names = [name.decode(errors="replace") for name in _attr(node, f"{side}_names").list.s]
    dtypes = _attr(node, f"{side}_dtypes").list.type
    shapes, axes = _attr(node, f"{side}_shapes").list.shape, _attr(node, f"{side}_batch_axis").list.i
    return tuple(
        Port(
            at,
            name,
            dtype_name(dtypes[at]) if at < len(dtypes) else "",
            shape_at(shapes, at),
            axis_at(axes, at),
        )
        for at, name in enumerate(names)
    )


def dtype_name(number: int) -> str:
    """``float``, ``int32``: a DataType as TensorFlow writes it, lower case."""
    try:
        return str(types_pb2.DataType.Name(number)).removeprefix("DT_").lower()
    except ValueError:
        return f"dtype {number}"
