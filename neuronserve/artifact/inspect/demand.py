"""What the subgraphs of a model ask of NeuronCores, together.

The rules are those of tensorflow-neuron's ``placer.cc``: an executable for one core is copied to each core
a process sees, up to ``max_duplicates``; one for several cores is not copied.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuronserve.artifact.inspect.subgraph import Subgraph
from neuronserve.generation import Generation


def cores(subgraphs: Sequence[Subgraph]) -> int:
    """NeuronCores of one copy: the largest that any part of the model speaks of, at least 1."""
    return max(1, *(cores_of(one) for one in subgraphs)) if subgraphs else 0


def cores_of(one: Subgraph) -> int:
    """NeuronCores of one subgraph; numbers that are not known are left out."""
    told = (one.global_cores, one.own_cores, one.executable.cores, one.executable.requested_cores)
    return max(1, *told)


def duplicates(subgraphs: Sequence[Subgraph]) -> int:
    """Copies that one process places on cores of its own, at least 1."""
    if cores(subgraphs) > 1:
        return 1
    asked = [one for one in subgraphs if one.automatic_multicore > 0]
    if asked:
        return min(_bounded(one) for one in asked)
    return max(1, subgraphs[0].max_duplicates) if len(subgraphs) == 1 else 1


def _bounded(one: Subgraph) -> int:
    if one.max_duplicates > 1:
        return min(one.automatic_multicore, one.max_duplicates)
    return one.automatic_multicore


def generations(subgraphs: Sequence[Subgraph]) -> list[Generation]:
    """Those that the executables speak of: one, or none, or several that cannot run on one chip."""
    return sorted({one.executable.generation for one in subgraphs if one.executable.generation})


def compilers(subgraphs: Sequence[Subgraph]) -> list[str]:
    return sorted({one.executable.compiler for one in subgraphs if one.executable.compiler})
