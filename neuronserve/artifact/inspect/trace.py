"""Where a tensor comes from, followed back through nodes that pass it on unchanged, or at least its rows.

Calls are followed without telling one call of a function from another, so that a tensor may have several
origins. That is enough for batches, and takes time in proportion to the graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.artifact.inspect.graph import MAIN, Graph, Reach, node_name, output_index
from neuronserve.artifact.inspect.scan import OP

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_SAME = frozenset({
    "Identity", "IdentityN", "Snapshot", "StopGradient", "PreventGradient", "CheckNumerics", "EnsureShape",
    "Cast", "PlaceholderWithDefault",
})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Origins:
    """Where a tensor may come from: inputs of the signature, and outputs of NeuronOps as (scope, node
    name, output).
    """

    inputs: frozenset[str]
    subgraphs: frozenset[tuple[str, str, int]]


@dataclasses.dataclass(frozen=True)
class Tracer:
    """Traces in what one signature reaches. ``inputs``: tensor of the main graph -> alias."""

    graph: Graph
    reach: Reach
    inputs: Mapping[str, str]

    def origins(self, scope: str, tensor: str) -> Origins:
        inputs, subgraphs = set(), set()
        waiting, seen = [(scope, tensor)], {(scope, tensor)}
        while waiting:
            here, name = waiting.pop()
            alias = self.inputs.get(full(name)) if here == MAIN else None
            node = self.graph.scopes[here].nodes.get(node_name(name))
            if alias is not None:
                inputs.add(alias)
                continue
            if node is not None and node.op == OP:
                subgraphs.add((here, node.name, output_index(name)))
                continue
            fresh = [one for one in self._before(here, name, node) if one not in seen]
            seen.update(fresh)
            waiting += fresh
        return Origins(frozenset(inputs), frozenset(subgraphs))

    def _before(self, scope: str, tensor: str, node: Any) -> Iterator[tuple[str, str]]:
        """The tensors that it is, one step back; none where the trace ends."""
        if node is None:
            yield from self._arguments(scope, tensor)
            return
        at = output_index(tensor)
        if node.op in _SAME:
            sources = data_inputs(node)
            if at < len(sources):
                yield scope, sources[at]
            return
        if node.op in CALLS or node.op in self.graph.scopes:
            for callee in self.graph.callees(node):
                results = self.graph.scopes[callee].results
                if at < len(results) and results[at]:
                    yield callee, results[at]

    def _arguments(self, scope: str, tensor: str) -> Iterator[tuple[str, str]]:
        """What a function's callers give for an argument."""
        at = self.graph.scopes[scope].arguments.get(tensor)
        if at is None:
            return
        for caller, node in self.reach.calls.get(scope, ()):
            sources = data_inputs(node)
            if (node.op in CALLS or node.op == scope) and at < len(sources):
                yield caller, sources[at]


def data_inputs(node: Any) -> list[str]:
    """The inputs of a node without those that only order."""
    return [source for source in node.input if not source.startswith("^")]


def full(tensor: str) -> str:
    """``node`` as ``node:0``."""
    return tensor if ":" in tensor else f"{tensor}:0"
