"""When ECS starts an ended container again in place, and when that cannot help."""

from __future__ import annotations

from typing import Any

from neuronserve import exitcodes

MIN_PERIOD, MAX_PERIOD = 60, 1800  # seconds

# Ended as asked; or settings, model, disk and chips of this very task are wrong, and stay so. The rest
# (a store that failed or throttled, credentials, a server that died) may be otherwise next time.
FINAL = (
    exitcodes.STOPPED, exitcodes.SETTINGS,
    10, 11, 12, 13, 17, 18, 19, 20, 21, 22, 23,
    34, 35, 36, 37, 38, 39,
    exitcodes.DRAIN_EXPIRED, exitcodes.SIGNALLED + 2, exitcodes.SIGNALLED + 3, exitcodes.SIGNALLED + 15,
)  # fmt: skip


def policy(load_seconds: int) -> dict[str, Any]:
    """ECS's restartPolicy.

    A container that ended before ``restartAttemptPeriod`` is not started again. That is the time a load
    may take, so that a model which kills its server while it loads ends the task, and the service sees it.
    """
    return {
        "enabled": True,
        "ignoredExitCodes": list(FINAL),
        "restartAttemptPeriod": min(max(load_seconds, MIN_PERIOD), MAX_PERIOD),
    }
