"""How a task ended: whose exit code counts, what it means, and what to do."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Sequence
from typing import Any

from neuronserve import exitcodes
from neuronserve.deploy.ecs.tasks import failures, faults
from neuronserve.deploy.ecs.tasks.find import Task

_ENDED_BY_ECS = frozenset({128 + signal.SIGTERM, 128 + signal.SIGKILL})


@dataclasses.dataclass(frozen=True)
class Ending:
    """``code``: the exit code that counts, None when no container ran. ``lines``: for a person."""

    arn: str
    code: int | None
    container: str | None
    lines: tuple[str, ...]


def of(task: Task, essential: Sequence[str]) -> Ending:
    """The ending of a task that is STOPPED; ``essential``: its essential containers, the main one first."""
    containers = task.get("containers") or []
    culprit = _culprit([found for name in essential for found in containers if found.get("name") == name])
    code = culprit.get("exitCode") if culprit else None
    return Ending(task["taskArn"], code, culprit.get("name") if culprit else None, tuple(_lines(task)))


def _culprit(containers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The container whose end ended the task.

    When one essential container ends, ECS stops the others: SIGTERM, then SIGKILL. Their codes say nothing.
    """
    ended = [found for found in containers if found.get("exitCode") is not None]
    for found in ended:
        if "OutOfMemory" in found.get("reason", ""):
            return found
    if not ended:
        return None
    by_itself = [found for found in ended if found["exitCode"] not in {0, *_ENDED_BY_ECS}]
    main = ended[0]
    return main if main in by_itself or not by_itself else by_itself[0]


def _lines(task: Task) -> list[str]:
    code, reason = task.get("stopCode"), task.get("stoppedReason")
    told = [text for text in (code, reason) if text]
    lines = [f"stopped: {': '.join(told) or 'ECS gives no reason'}", *_explain(reason or "")]
    for container in task.get("containers") or []:
        name, why = container.get("name"), container.get("reason")
        if container.get("exitCode") is not None:
            lines.append(
                f"container {name}: exit code {container['exitCode']}: {meaning(container['exitCode'])}"
            )
        if why:
            lines += [f"container {name}: {why}", *_explain(why)]
    return list(dict.fromkeys(lines))


def _explain(said: str) -> list[str]:
    """A task that waited for an instance in vain stops with a reason of RunTask's failures."""
    placement = failures.kind(said.removeprefix("TaskFailedToStart: "))
    return [f"that is: {placement.meaning}; {placement.fix}"] if placement else faults.explain(said)


def meaning(code: int) -> str:
    """What an exit code of a container means; below 64 in neuronserve's own words (``exitcodes.py``)."""
    if code == 128 + signal.SIGKILL:
        return "killed (SIGKILL): out of memory, or still running when stopTimeout was over"
    if code == 128 + signal.SIGTERM:
        return "ended by SIGTERM"
    if code in exitcodes.MEANINGS:
        return exitcodes.MEANINGS[code]
    if code in {126, 127}:
        return "its command cannot be run" if code == 126 else "its command was not found in the image"
    if code > 128:
        return f"ended by signal {code - 128}{_signal(code - 128)}"
    return "no code of neuronserve's: see the log"


def _signal(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""
