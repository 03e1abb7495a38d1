"""What is odd about a compiled model, each with what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuronserve.artifact.inspect import demand
from neuronserve.artifact.inspect.subgraph import Subgraph

if TYPE_CHECKING:
    from neuronserve.artifact.inspect.report import Report

_RECOMPILE = "compile the model again"
_MOSTLY_CPU = 0.5


@dataclasses.dataclass(frozen=True)
class Advice:
    """What is so, and what to do (``fix``, may be empty), one line each. ``grave``: it will hurt, sooner or
    later; else it is good to know.
    """

    what: str
    fix: str = ""
    grave: bool = True


def advice(report: Report) -> list[Advice]:
    """The gravest first."""
    found = [
        *_mixed(report),
        *(Advice(note) for note in report.notes),
        *(one for subgraph in report.subgraphs for one in _of(subgraph)),
        *_batches(report),
        *_cpu(report),
    ]
    return sorted(found, key=lambda one: not one.grave)


def _mixed(report: Report) -> Iterator[Advice]:
    if len(report.generations) > 1:
        families = " and ".join(one.families for one in report.generations)
        yield Advice(f"parts of it are compiled for {families}: no chip runs both", _RECOMPILE)


def _of(one: Subgraph) -> Iterator[Advice]:
    made = one.executable
    if made.fault:
        yield Advice(f"{one.name}: its executable: {made.fault}", f"{_RECOMPILE}, or fetch it again")
    if made.contradiction:
        yield Advice(f"{one.name}: {made.contradiction}", _RECOMPILE)
    if one.ops is None:
        yield Advice(
            f"{one.name}: the graph it was compiled from is absent or damaged: CPU cannot stand in for it",
            grave=False,
        )
    elif one.emptied:
        yield Advice(
            f"{one.name}: the compiler emptied {one.emptied} of its constants: only NeuronCores can run it",
            "for a test on CPU, serve the SavedModel it was compiled from",
            grave=False,
        )
    if one.inside:
        yield Advice(
            f"{one.name} is inside {one.inside}, which runs instead of it: it is not counted", grave=False
        )
    if one.weights_outside:
        placed = f", placed for {one.instance_type}" if one.instance_type else ""
        yield Advice(
            f"{one.name}: {one.weights_outside} weights are outside its executable{placed}", grave=False
        )


def _batches(report: Report) -> Iterator[Advice]:
    for name, told in report.signatures.items():
        if told.batch is None:
            yield Advice(
                f"signature {name}: its compiled batch cannot be told: {told.why}",
                "requests go to it as they come, neither split nor padded",
            )
        elif told.batch.unjoinable:
            names = ", ".join(told.batch.unjoinable)
            have = "has" if len(told.batch.unjoinable) == 1 else "have"
            yield Advice(
                f"signature {name}: {names} {have} no batch axis: "
                "requests of more than one batch cannot be answered",
                "drop such outputs from the signature, or give them a batch axis",
            )
    idle = [one.name for one in report.subgraphs if not one.signatures and not one.inside]
    if idle:
        yield Advice(
            f"no signature runs {', '.join(idle[:3])}{', ...' if len(idle) > 3 else ''}", grave=False
        )


def _cpu(report: Report) -> Iterator[Advice]:
    share = report.placement.share
    if report.neuron and share is not None and share > _MOSTLY_CPU:
        yield Advice(
            f"{share:.0%} of the computing ops stay on CPU",
            "see the compiler's log for the operators that it does not support",
        )
    if report.neuron and demand.cores(report.running) == 1 and len(report.running) > 1:
        yield Advice(
            f"it has {len(report.running)} subgraphs: a process places one copy only, and each run "
            "goes to and fro between CPU and NeuronCore",
            grave=False,
        )
