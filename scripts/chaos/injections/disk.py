"""A runtime folder without room, for a while; and a process that dies meanwhile."""

from __future__ import annotations

import time

from chaos.injections import signals
from chaos.scene import Harm, Scene
from chaos.schedule import Step

_BEFORE_SECONDS, _FULL_SECONDS, _AGAIN_SECONDS = 1.0, 6.0, 0.25


def disk_full(scene: Scene, step: Step) -> Harm:
    """Filled again and again, so that what a death frees is not room to go on with."""
    if scene.place.unfillable:
        return Harm(impossible=scene.place.unfillable)
    harm = Harm()
    try:
        _keep_full(scene, _BEFORE_SECONDS)
        if step.kind.part:
            harm = signals.kill(scene, step)
        _keep_full(scene, _FULL_SECONDS)
    finally:
        scene.place.free()
    return harm


def _keep_full(scene: Scene, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        scene.place.fill()
        time.sleep(_AGAIN_SECONDS)
