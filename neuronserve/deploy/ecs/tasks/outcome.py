"""The exit code of a run, from how its tasks ended."""

from __future__ import annotations

from collections.abc import Iterable

from neuronserve.deploy import exits
from neuronserve.deploy.ecs.tasks.endings import Ending
from neuronserve.deploy.ecs.tasks.watch import Goal


def code(endings: Iterable[Ending], goal: Goal) -> int:
    """That of the first container that ended badly; ``exits.NO`` for a task that never ran.

    A task that ended well was started, but never was healthy.
    """
    for ending in endings:
        if ending.code is None or (goal is Goal.HEALTHY and ending.code == 0):
            return exits.NO
        if ending.code:
            return ending.code
    return exits.YES
