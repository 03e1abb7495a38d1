"""Which node of the subgraph stands for which input and output of its NeuronOp.

TF1 compilers wrote tensor names of the subgraph (``conv2d_input0/_0:0``). TF2 compilers wrote names
of their own (``input0``, ``output0``); then the placeholders' numbers (``args_00/_0`` is input 0) and
the IdentityN that the compiler put behind the op, named after the node it replaced, tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuronserve.cpuserver.neuronop.node import NeuronNode, Port, refused


def placeholders(node: NeuronNode) -> list[str]:
    """The names of the placeholders for the inputs, in the order of the inputs."""
    found = {n.name: n for n in node.graph.node if n.op == "Placeholder"}
    chosen = _by_name(node.inputs, found) or _by_number(node.inputs, found) or _only(node.inputs, found)
    if chosen is None:
        raise refused(
            node.name,
            f"it cannot be told which of its {len(node.inputs)} inputs feeds which of the placeholders "
            f"{', '.join(sorted(found)) or '(none)'} of its graph",
        )
    for port, name in zip(node.inputs, chosen, strict=True):
        if found[name].attr["dtype"].type != port.dtype:
            raise refused(node.name, f"placeholder {name} of its graph has another dtype than the input")
    return chosen


def results(node: NeuronNode, twins: Mapping[int, str]) -> list[str]:
    """The tensors (``name:0``) of the subgraph that are the outputs, in order.

    ``twins``: output -> name of the IdentityN outside that stands for a node of the subgraph.
    """
    names = {n.name for n in node.graph.node}
    direct = [_tensor(port.name) for port in node.outputs]
    if all(name.partition(":")[0] in names for name in direct):
        return direct
    if set(twins) == set(range(len(node.outputs))) and set(twins.values()) <= names:
        return [f"{twins[at]}:0" for at in range(len(node.outputs))]
    ends = _ends(node.graph)
    if len(ends) == len(node.outputs) == 1:
        return [f"{ends[0]}:0"]
    raise refused(
        node.name,
        f"it cannot be told which of its {len(node.outputs)} outputs is which node of its graph "
        f"({', '.join(ends)} end it)",
    )


def twins(node: Any, others: Iterable[Any]) -> dict[int, str]:
    """Output -> name of the one-input IdentityN that reads it, among the nodes around a NeuronOp."""
    found: dict[int, str] = {}
    for other in others:
        sources = [source for source in other.input if not source.startswith("^")]
        if other.op not in ("IdentityN", "Identity") or len(sources) != 1:
            continue
        at = output_index(sources[0], node.name)
        if at is not None:
            found.setdefault(at, other.name)
    return found


def output_index(source: str, name: str) -> int | None:
    """The output of node ``name`` that an input string reads: ``n``, ``n:1`` or ``n:output_tensors:1``."""
    node, *rest = source.split(":")
    if node != name:
        return None
    return int(rest[-1]) if rest and rest[-1].isdigit() else 0


def _tensor(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _by_name(inputs: Sequence[Port], found: Mapping[str, Any]) -> list[str] | None:
    names = [port.name.partition(":")[0] for port in inputs]
    return names if set(names) <= set(found) and len(set(names)) == len(names) else None


def _by_number(inputs: Sequence[Port], found: Mapping[str, Any]) -> list[str] | None:
    numbered: dict[int, str] = {}
    for name in found:
        match = re.search(r"/_(\d+)$", name)
        if match:
            numbered[int(match[1])] = name
    if len(found) != len(inputs) or set(numbered) != set(range(len(inputs))):
        return None
    return [numbered[at] for at in range(len(inputs))]


def _only(inputs: Sequence[Port], found: Mapping[str, Any]) -> list[str] | None:
    return list(found) if len(inputs) == len(found) == 1 else None


def _ends(graph: Any) -> list[str]:
    """The nodes that no other node reads."""
    read = {source.lstrip("^").partition(":")[0] for n in graph.node for source in n.input}
    return sorted(n.name for n in graph.node if n.name not in read and n.op != "Placeholder")
