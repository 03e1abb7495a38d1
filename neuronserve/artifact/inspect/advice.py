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
class Warned:
    """One line each: what is so, and what to do; ``fix`` may be empty."""

    what: str
    fix: str = ""


def warnings(report: Report) -> list[Warned]:
    """The gravest first."""
    return [
        *_mixed(report),
        *(Warned(note) for note in report.notes),
        *(one for subgraph in report.subgraphs for one in _of(subgraph)),
        *_batches(report),
        *_cpu(report),
    ]


def _mixed(report: Report) -> Iterator[Warned]:
    if len(report.generations) > 1:
        families = " and ".join(one.families for one in report.generations)
        yield Warned(f"parts of it are compiled for {families}: no chip runs both", _RECOMPILE)


def _of(one: Subgraph) -> Iterator[Warned]:
    made = one.executable
    if made.fault:
        yield Warned(f"{one.name}: its executable: {made.fault}", f"{_RECOMPILE}, or fetch it again")
    if made.contradiction:
        yield Warned(f"{one.name}: {made.contradiction}", _RECOMPILE)
    if one.ops is None:
        yield Warned(
            f"{one.name}: the graph it was compiled from is absent or damaged: CPU cannot stand in for it"
        )
    elif one.emptied:
        yield Warned(
            f"{one.name}: the compiler emptied {one.emptied} of its constants: only NeuronCores can run it",
            "for a test on CPU, serve the SavedModel it was compiled from",
        )
    if one.inside:
        yield Warned(f"{one.name} is inside {one.inside}, which runs instead of it: it is not counted")
    if one.weights_outside:
        placed = f", placed for {one.instance_type}" if one.instance_type else ""
        yield Warned(f"{one.name}: {one.weights_outside} weights are outside its executable{placed}")


def _batches(report: Report) -> Iterator[Warned]:
    for name, told in report.signatures.items():
        if told.batch is None:
            yield Warned(
                f"signature {name}: its compiled batch cannot be told: {told.why}",
                "requests go to it as they come, neither split nor padded",
            )
        elif told.batch.unjoinable:
            names = ", ".join(told.batch.unjoinable)
            have = "has" if len(told.batch.unjoinable) == 1 else "have"
            yield Warned(
                f"signature {name}: {names} {have} no batch axis: "
                "requests of more than one batch cannot be answered",
                "drop such outputs from the signature, or give them a batch axis",
            )
    idle = [one.name for one in report.subgraphs if not one.signatures and not one.inside]
    if idle:
        yield Warned(f"no signature runs {', '.join(idle[:3])}{', ...' if len(idle) > 3 else ''}")


def _cpu(report: Report) -> Iterator[Warned]:
    share = report.placement.share
    if report.neuron and share is not None and share > _MOSTLY_CPU:
        yield Warned(
            f"{share:.0%} of the computing ops stay on CPU",
            "see the compiler's log for the operators that it does not support",
        )
    if report.neuron and demand.cores(report.running) == 1 and len(report.running) > 1:
        yield Warned(
            f"it has {len(report.running)} subgraphs: a process places one copy only, and each run "
            "goes to and fro between CPU and NeuronCore",
        )
