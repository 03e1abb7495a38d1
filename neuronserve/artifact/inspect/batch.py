"""The compiled batch of a signature: how many rows one run takes, and which tensors have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from neuronserve.artifact.inspect.graph import MAIN, tensors_of
from neuronserve.artifact.inspect.subgraph import Port, Subgraph
from neuronserve.artifact.inspect.trace import Tracer, data_inputs
from neuronserve.compiled import SignatureBatch

Shape = tuple[int, ...] | None  # -1: any size; None: unknown rank
Subgraphs = Mapping[tuple[str, str], Subgraph]  # by function and node name


@dataclasses.dataclass(frozen=True)
class Told:
    """The batch of a signature, or why there is none."""

    batch: SignatureBatch | None
    why: str = ""


def tell(signature: Any, tracer: Tracer, subgraphs: Subgraphs) -> Told:
    """``subgraphs``: those that the signature reaches, at least one."""
    traced = _traced_inputs(tracer, subgraphs)
    shapes = {alias: _shape(info) for alias, info in sorted(signature.inputs.items())}
    ports = [port for found in traced.values() for port in found]
    batched = set(_batched(ports))
    fixed = _fixed_rows(shapes, [alias for alias, found in traced.items() if batched.intersection(found)])
    if not batched:  # nothing with rows was traced: the ports of all subgraphs stand for them
        ports = [port for one in subgraphs.values() for port in one.inputs]
    sizes = fixed or {port.rows for port in _batched(ports) if port.rows is not None}
    if len(sizes) != 1:
        return Told(None, _why(sizes, fixed))
    (size,) = sizes
    carrying = [port for port in ports if port.rows == size]
    dynamic = not fixed and all(port.batch_axis == 0 for port in carrying)
    inputs = _inputs(shapes, traced, size)
    unjoinable = _unjoinable(signature, tracer, subgraphs, size, dynamic=dynamic)
    return Told(SignatureBatch(size, dynamic, inputs, unjoinable, whole=len(inputs) == len(shapes)))


def _traced_inputs(tracer: Tracer, subgraphs: Subgraphs) -> dict[str, list[Port]]:
    """Input of the signature -> the compiled inputs that it goes to unchanged."""
    found: dict[str, list[Port]] = {}
    for (scope, name), subgraph in subgraphs.items():
        node = tracer.graph.scopes[scope].nodes[name]
        sources = data_inputs(node)
        for port in subgraph.inputs:
            origins = tracer.origins(scope, sources[port.at]).inputs if port.at < len(sources) else ()
            for alias in sorted(origins):
                found.setdefault(alias, []).append(port)
    return found


def _fixed_rows(shapes: Mapping[str, Shape], traced: Collection[str]) -> set[int]:
    """The static sizes of axis 0 in the signature, which model servers enforce: of the inputs that bring
    subgraphs their rows; where none was traced, of all inputs, if none may have any size.
    """
    relevant = [shapes[alias] for alias in traced or shapes]
    if not traced and any(shape is None or shape[:1] == (-1,) for shape in relevant):
        return set()
    return {shape[0] for shape in relevant if shape and shape[0] > 0}


def _batched(ports: Sequence[Port]) -> list[Port]:
    """Those with the batch: where some have a batch axis, the others have none."""
    dynamic = [port for port in ports if port.batch_axis == 0 and port.rows is not None]
    return dynamic or [port for port in ports if port.rows is not None]


def _why(sizes: Collection[int], fixed: Collection[int]) -> str:
    if not sizes:
        return "no compiled input has a known size along axis 0"
    which = "inputs have fixed and" if fixed else "compiled inputs have"
    return f"its {which} different sizes along axis 0: {', '.join(map(str, sorted(sizes)))}"


def _inputs(shapes: Mapping[str, Shape], ports: Mapping[str, list[Port]], size: int) -> tuple[str, ...]:
    chosen = tuple(alias for alias, shape in shapes.items() if _has_batch(shape, ports.get(alias), size))
    if chosen or ports:
        return chosen
    return tuple(alias for alias, shape in shapes.items() if shape is None)


def _has_batch(shape: Shape, ports: Sequence[Port] | None, size: int) -> bool:
    if shape is not None and (not shape or shape[0] != -1):
        return bool(shape) and shape[0] == size
    if ports is not None:
        return any(port.rows == size for port in ports)
    return shape is not None  # any number of rows, made into a batch on the way


def _unjoinable(
    signature: Any, tracer: Tracer, subgraphs: Subgraphs, size: int, *, dynamic: bool
) -> tuple[str, ...]:
    found = []
    for alias, info in sorted(signature.outputs.items()):
        shape = _shape(info)
        if shape is not None and (not shape or shape[0] not in (-1, size)):
            found.append(alias)
            continue
        if shape is not None and shape[0] == size and not dynamic:
            continue
        origins = [tracer.origins(MAIN, name) for name in tensors_of(info)]
        ends = {end for one in origins for end in one.subgraphs if end[:2] in subgraphs}
        if any(_no_batch(subgraphs[scope, name], at, size, dynamic=dynamic) for scope, name, at in ends):
            found.append(alias)
    return tuple(found)


def _no_batch(one: Subgraph, at: int, size: int, *, dynamic: bool) -> bool:
    if at >= len(one.outputs) or one.outputs[at].shape is None:
        return False
    # a signature may fix other rows than were compiled
    if one.outputs[at].rows not in {size, *(port.rows for port in one.inputs if port.batch_axis == 0)}:
        return True
    # the same size by chance: the compiler says of its neighbours which axis is the batch
    return dynamic and one.outputs[at].batch_axis != 0 and any(port.batch_axis == 0 for port in one.outputs)


def _shape(info: Any) -> Shape:
    if info.tensor_shape.unknown_rank or not info.HasField("tensor_shape"):
        return None
    return tuple(dim.size for dim in info.tensor_shape.dim)
