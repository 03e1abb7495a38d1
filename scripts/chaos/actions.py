"""The function of each action that a schedule names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chaos.injections import bombs, clients, disk, signals
from chaos.scene import Harm, Scene
from chaos.schedule import Step

ACTIONS: Mapping[str, Callable[[Scene, Step], Harm]] = {
    "kill": signals.kill,
    "kill_several": signals.kill_several,
    "freeze": signals.freeze,
    "freeze_several": signals.freeze_several,
    "pause": signals.pause,
    "disk_full": disk.disk_full,
    "slow_bodies": clients.slow_bodies,
    "aborts": clients.aborts,
    "burst": clients.burst,
    "bombs": bombs.bombs,
}
