"""Processes that are killed, frozen for good, or frozen for a while."""

from __future__ import annotations

import contextlib
import random
import signal
import time

import psutil

from chaos.limits import RECOVERY_SECONDS
from chaos.processes import is_alive, is_stopped
from chaos.scene import Harm, Scene, wait
from chaos.schedule import FRONTS, PARTS, Step

_GONE_SECONDS = 5.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 8.0
_ABSENT = "there was no such process"

Victim = tuple[str, psutil.Process]


def kill(scene: Scene, step: Step) -> Harm:
    victims = _one(scene, step.kind.part, random.Random(step.seed))  # noqa: S311  to be repeated
    return _killed(victims) if victims else Harm(notes=(_ABSENT,))


def kill_several(scene: Scene, step: Step) -> Harm:
    """Two to four at the same moment, of any parts."""
    return _killed(_several(scene, random.Random(step.seed)))  # noqa: S311  to be repeated


def freeze(scene: Scene, step: Step) -> Harm:
    """For good: the service has to find it. When it did not, it is thawed, so that the run can go on."""
    victims = _one(scene, step.kind.part, random.Random(step.seed))  # noqa: S311  to be repeated
    return _frozen(victims) if victims else Harm(notes=(_ABSENT,))


def freeze_several(scene: Scene, step: Step) -> Harm:
    """Two to four for good, of any parts."""
    return _frozen(_several(scene, random.Random(step.seed)))  # noqa: S311  to be repeated


def pause(scene: Scene, step: Step) -> Harm:
    """For some seconds; it may have been replaced when they are over."""
    draw = random.Random(step.seed)  # noqa: S311  to be repeated
    victims = _one(scene, step.kind.part, draw)
    if not victims:
        return Harm(notes=(_ABSENT,))
    ((part, process),) = victims
    _stop(process)
    time.sleep(draw.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))
    _send(process, signal.SIGCONT)
    return Harm(_named(victims), front=part in FRONTS)


def _killed(victims: list[Victim]) -> Harm:
    for _, process in victims:
        _send(process, signal.SIGKILL)
    wait(lambda: not any(is_alive(process) for _, process in victims), _GONE_SECONDS)
    return Harm(_named(victims), front=any(part in FRONTS for part, _ in victims))


def _frozen(victims: list[Victim]) -> Harm:
    for _, process in victims:
        _stop(process)
    found = wait(lambda: not any(_is_frozen(process) for _, process in victims), RECOVERY_SECONDS)
    for _, process in victims:
        _send(process, signal.SIGCONT)
    return Harm(_named(victims), front=any(part in FRONTS for part, _ in victims), found=found)


def _is_frozen(process: psutil.Process) -> bool:
    return is_alive(process) and is_stopped(process)


def _several(scene: Scene, draw: random.Random) -> list[Victim]:
    parts = scene.family.parts()
    everyone = [(part, process) for part in PARTS for process in parts[part]]
    return draw.sample(everyone, min(len(everyone), draw.randint(2, 4)))


def _one(scene: Scene, part: str, draw: random.Random) -> list[Victim]:
    running = scene.family.parts()[part]
    return [(part, draw.choice(running))] if running else []


def _named(victims: list[Victim]) -> tuple[str, ...]:
    return tuple(f"{part}:{process.pid}" for part, process in victims)


def _stop(process: psutil.Process) -> None:
    """It is frozen when this returns; a signal may take a moment."""
    _send(process, signal.SIGSTOP)
    wait(lambda: is_stopped(process) or not is_alive(process), _GONE_SECONDS, poll=0.001)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # psutil looks first whether the id is still its own
        process.send_signal(number)
