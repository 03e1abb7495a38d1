"""Looks into a version of a model, and makes the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.artifact.inspect import batch, columns, savedmodel
from neuronserve.artifact.inspect.graph import MAIN, Graph, Reach, ends_of, tensors_of
from neuronserve.artifact.inspect.neff import Reader
from neuronserve.artifact.inspect.placement import Placement, place
from neuronserve.artifact.inspect.reading import reading
from neuronserve.artifact.inspect.report import Report
from neuronserve.artifact.inspect.scan import OP, mentions_neuron
from neuronserve.artifact.inspect.subgraph import Subgraph, parse
from neuronserve.artifact.inspect.trace import Tracer, full
from neuronserve.compiled import Compiled


def inspect(folder: Path) -> Report:
    """Everything about the SavedModel in ``folder``. Raises DamagedModel."""
    with reading(folder):
        return _inspected(folder)


def _inspected(folder: Path) -> Report:
    meta_graph, note = savedmodel.graph_of(savedmodel.read(folder), folder)
    graph = Graph(meta_graph)
    reached = {name: graph.reach(ends_of(signature)) for name, signature in graph.signatures.items()}
    subgraphs = _subgraphs(graph, reached)
    order = columns.read(folder)
    notes = [note] if note else []
    if not reached:
        notes.append("it has no signature with inputs: model servers cannot answer from it")
    told = {}
    for name, reach in reached.items():
        mine = {(one.function, one.name): one for one in subgraphs if name in one.signatures}
        if mine:
            signature = graph.signatures[name]
            told[name] = batch.tell(signature, Tracer(graph, reach, _inputs(signature)), mine)
    return Report(
        path=str(folder),
        tensorflow=meta_graph.meta_info_def.tensorflow_version,
        subgraphs=tuple(subgraphs),
        signatures=told,
        others=tuple(name for name in reached if name not in told),
        placement=_placement(graph, reached, subgraphs),
        columns={
            name: order.get(name) or tuple(sorted(graph.signatures[name].inputs)) for name in sorted(reached)
        },
        notes=tuple(notes),
    )


def compiled(folder: Path, version: int) -> Compiled:
    """What the plan needs to know of a version. Raises DamagedModel, and OSError when it cannot be read.

    A file that does not even mention a NeuronOp is not parsed: it can be large, and when it is damaged,
    the model server is the one to say so.
    """
    with reading(folder):
        found = inspect(folder).compiled(version) if mentions_neuron(folder) else Compiled(version)
        return dataclasses.replace(found, columns=columns.read(folder))


def _subgraphs(graph: Graph, reached: Mapping[str, Reach]) -> list[Subgraph]:
    """Every NeuronOp, with the signatures that run it."""
    read = Reader()
    found = []
    for scope in graph.scopes.values():
        for node in scope.nodes.values():
            if node.op != OP:
                continue
            runners = tuple(
                name for name, reach in reached.items() if node.name in reach.nodes.get(scope.name, ())
            )
            outer, *inner = parse(node, scope.name, read)
            found += [dataclasses.replace(outer, signatures=runners), *inner]
    return found


def _inputs(signature: Any) -> dict[str, str]:
    """Tensor of the main graph -> alias."""
    return {
        full(name): alias for alias, info in sorted(signature.inputs.items()) for name in tensors_of(info)
    }


def _placement(graph: Graph, reached: Mapping[str, Reach], subgraphs: list[Subgraph]) -> Placement:
    """Of what signatures run, each node once; of everything where there is no signature."""
    every = {
        (scope, name): node
        for reach in reached.values()
        for scope, nodes in reach.nodes.items()
        for name, node in nodes.items()
    } or {(scope.name, name): node for scope in graph.scopes.values() for name, node in scope.nodes.items()}
    counted = [one for one in subgraphs if (one.function, one.name) in every and not one.inside]
    return place(every.values(), counted, graph.scopes.keys() - {MAIN})
