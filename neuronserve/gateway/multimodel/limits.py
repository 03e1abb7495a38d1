"""How many loads and unloads may be under way, and for how long they are waited for."""

from __future__ import annotations

AT_ONCE = 32  # each has a thread, which only waits for the supervisor
_PLATFORM_SECONDS = 360  # how long SageMaker waits for an unload
_MARGIN_SECONDS = 30
_STEPS = 3  # of a load: its folder is looked into, servers load it, it answers its warm-up


def patience_seconds(load_seconds: float) -> float:
    """How long the gateway waits for a load or an unload: longer than either may take by itself.

    ``load_seconds``: what each step of a load may take.
    """
    return max(_STEPS * load_seconds, _PLATFORM_SECONDS) + _MARGIN_SECONDS
