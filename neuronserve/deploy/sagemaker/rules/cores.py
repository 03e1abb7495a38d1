"""Several containers on one instance: they share its chips, and no two may have the same cores.

A NeuronCore belongs to one process until it exits; a container that is not told its cores takes them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from neuronserve import environment as read
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules.subject import Subject, variables

CORES = "NEURON_RT_VISIBLE_CORES"


def check(subject: Subject) -> Iterator[Finding]:
    told = [
        (span, place)
        for container in subject.root.each("Containers")
        if (place := variables(container).get(CORES)) and (span := _span(place))
    ]
    for (one, _), (other, place) in itertools.combinations(told, 2):
        if one[0] <= other[1] and other[0] <= one[1]:
            yield place.error(
                "cores-overlap",
                f"two containers of one instance are given core {max(one[0], other[0])}",
                "give each container cores of its own",
            )


def _span(place: Node) -> tuple[int, int] | None:
    try:
        return read.core_range(place.text or "")
    except read.Fault:
        return None
