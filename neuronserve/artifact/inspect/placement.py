"""What stays on CPU: the ops that signatures run outside the NeuronOps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.artifact.inspect.scan import OP
from neuronserve.artifact.inspect.subgraph import Subgraph
from neuronserve.artifact.inspect.trace import CALLS

# they hold, pass on, order or save values, and compute none
BOOKKEEPING = CALLS | {
    "Placeholder", "PlaceholderWithDefault", "Const", "Identity", "IdentityN", "NoOp", "StopGradient",
    "PreventGradient", "Snapshot", "VarHandleOp", "ReadVariableOp", "VariableV2", "Variable",
    "AssignVariableOp", "Assign", "VarIsInitializedOp", "SaveV2", "RestoreV2", "MergeV2Checkpoints",
    "ShardedFilename", "_Arg", "_Retval",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Placement:
    """``cpu``: computing ops outside NeuronOps, by op, the most frequent first. ``bookkeeping``: how many
    others there are. ``compiled``: computing ops of the graphs that the NeuronOps were compiled from; None
    when one of those graphs cannot be read.
    """

    cpu: Mapping[str, int]
    bookkeeping: int
    compiled: int | None

    @property
    def share(self) -> float | None:
        """The part of the computing ops that stays on CPU, 0 to 1; None when it is not known."""
        on_cpu = sum(self.cpu.values())
        if self.compiled is None or not on_cpu + self.compiled:
            return None
        return on_cpu / (on_cpu + self.compiled)


def place(nodes: Iterable[Any], subgraphs: Iterable[Subgraph], functions: Iterable[str]) -> Placement:
    """``nodes``: what signatures run; ``functions``: names that are calls where they are ops."""
    passing = BOOKKEEPING.union(functions)
    cpu: dict[str, int] = {}
    bookkeeping = 0
    for node in nodes:
        if node.op in passing:
            bookkeeping += 1
        elif node.op != OP:
            cpu[node.op] = cpu.get(node.op, 0) + 1
    ordered = dict(sorted(cpu.items(), key=lambda item: (-item[1], item[0])))
    return Placement(ordered, bookkeeping, _compiled(subgraphs))


def _compiled(subgraphs: Iterable[Subgraph]) -> int | None:
    total = 0
    for one in subgraphs:
        if one.ops is None:
            return None
        total += sum(count for op, count in one.ops.items() if op not in BOOKKEEPING)
    return total
