"""A graph and its functions: which node is where, who calls whom, what a signature needs.

Names: a scope is "" for the main graph, or a function's name. A tensor in the main graph is ``node`` or
``node:1``; in a function it is ``argument``, or ``node:output_name:1``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAIN = ""
_INIT = "__saved_model_init_op"  # a "signature" that only tells what to run once


@dataclasses.dataclass(frozen=True)
class Scope:
    """The main graph or a function: its nodes by name. ``arguments``: name -> position; ``results``: the
    tensors it gives, in order.
    """

    name: str
    nodes: Mapping[str, Any]
    arguments: Mapping[str, int]
    results: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Reach:
    """What runs when a signature is called: the nodes of each scope by name, and the calls of each function
    as (scope, node).
    """

    nodes: Mapping[str, Mapping[str, Any]]
    calls: Mapping[str, tuple[tuple[str, Any], ...]]


class Graph:
    """The scopes of a MetaGraphDef, and its signatures that are called with tensors."""

    def __init__(self, meta_graph: Any) -> None:
        main = Scope(MAIN, {node.name: node for node in meta_graph.graph_def.node}, {}, ())
        self.scopes: dict[str, Scope] = {MAIN: main}
        for function in meta_graph.graph_def.library.function:
            self.scopes.setdefault(function.signature.name, _function(function))
        self.signatures: dict[str, Any] = {
            name: signature
            for name, signature in sorted(meta_graph.signature_def.items())
            if name != _INIT and signature.inputs
        }

    def reach(self, ends: Iterable[str]) -> Reach:
        """All that the tensors ``ends`` of the main graph need. A function's body counts as a whole."""
        nodes: dict[str, Mapping[str, Any]] = {MAIN: {node.name: node for node in self._needed(ends)}}
        calls: dict[str, list[tuple[str, Any]]] = {}
        waiting = [MAIN]
        while waiting:
            scope = waiting.pop()
            for node in nodes[scope].values():
                for callee in self.callees(node):
                    calls.setdefault(callee, []).append((scope, node))
                    if callee not in nodes:
                        nodes[callee] = self.scopes[callee].nodes
                        waiting.append(callee)
        return Reach(nodes, {name: tuple(found) for name, found in calls.items()})

    def callees(self, node: Any) -> Iterator[str]:
        """The functions that a node names: as attributes (calls, loops, branches), or as its op."""
        if node.op in self.scopes and node.op != MAIN:
            yield node.op
        for value in node.attr.values():
            for function in (value.func, *value.list.func):
                if function.name in self.scopes and function.name != MAIN:
                    yield function.name

    def _needed(self, ends: Iterable[str]) -> Iterator[Any]:
        main = self.scopes[MAIN].nodes
        waiting, seen = [node_name(end) for end in ends], set()
        while waiting:
            name = waiting.pop()
            if name in main and name not in seen:
                seen.add(name)
                yield main[name]
                waiting += [node_name(source) for source in main[name].input]


def node_name(tensor: str) -> str:
    """``node`` of ``node:1``, ``^node`` and ``node:output:1``."""
    return tensor.removeprefix("^").partition(":")[0]


def output_index(tensor: str) -> int:
    """1 of ``node:1`` and ``node:output:1``; 0 of ``node``."""
    last = tensor.rpartition(":")[2] if ":" in tensor else ""
    return int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0


def ends_of(signature: Any) -> list[str]:
    """The tensors that a signature gives, sparse ones as their parts."""
    return [name for info in signature.outputs.values() for name in tensors_of(info)]


def tensors_of(info: Any) -> list[str]:
    """The tensors of a TensorInfo: one, or those that a sparse or composite one is made of."""
    if info.HasField("coo_sparse"):
        sparse = info.coo_sparse
        return [sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
    if info.HasField("composite_tensor"):
        return [part.name for part in info.composite_tensor.components]
    return [info.name]


def _function(function: Any) -> Scope:
    arguments = {argument.name: at for at, argument in enumerate(function.signature.input_arg)}
    results = tuple(function.ret.get(argument.name, "") for argument in function.signature.output_arg)
    return Scope(function.signature.name, {node.name: node for node in function.node_def}, arguments, results)
