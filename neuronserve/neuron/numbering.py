"""What the numbers of the devices given tell: gaps, renumbered paths, chips taken from all over the host."""

from __future__ import annotations

from collections.abc import Sequence

from neuronserve.neuron.chips import Problem
from neuronserve.neuron.nodes import Node

_CONTIGUOUS = "give chips whose numbers on the host follow one another, such as /dev/neuron4 and /dev/neuron5"


def gaps(indexes: Sequence[int]) -> list[Problem]:
    """``indexes``: of all paths here, ascending, also of those that cannot be used.

    The numbers given to one container must be contiguous (AWS Neuron SDK documentation, containers).
    """
    missing = sorted(set(range(indexes[0], indexes[-1] + 1)) - set(indexes)) if indexes else []
    if not missing:
        return []
    here = _names(indexes)
    return [
        Problem(
            "gap",
            "",
            f"the devices here are {here}: {_names(missing)} between them is missing",
            "give the container devices with contiguous numbers",
            fatal=True,
        )
    ]


def renumbering(nodes: Sequence[Node]) -> list[Problem]:
    """``nodes``: ascending by index. A note where paths are renumbered; a fault where chips are scattered."""
    minors = [node.minor for node in nodes]
    twice = sorted({minor for minor in minors if minors.count(minor) > 1})
    if twice:
        paths = ", ".join(str(node.path) for node in nodes if node.minor in twice)
        message = f"{paths} are the same chip of the host"
        return [Problem("same_chip", "", message, "map each chip once", fatal=True)]
    if all(node.minor == node.index for node in nodes):
        return []
    mapping = ", ".join(f"{node.path.name} is the host's neuron{node.minor}" for node in nodes)
    if max(minors) - min(minors) != len(minors) - 1:
        return [Problem("scattered", "", f"the chips are not neighbours: {mapping}", _CONTIGUOUS, fatal=True)]
    if minors != sorted(minors):
        message = f"the chips are not in the host's order: {mapping}"
        return [Problem("misordered", "", message, "map them in the host's order", fatal=False)]
    hint = (
        "nothing to do: cores are counted from 0, or as the host counts where NEURON_RT_VISIBLE_CORES does so"
    )
    return [Problem("renumbered", "", f"the devices are numbered anew: {mapping}", hint, fatal=False)]


def _names(indexes: Sequence[int]) -> str:
    return ", ".join(f"neuron{index}" for index in indexes)
