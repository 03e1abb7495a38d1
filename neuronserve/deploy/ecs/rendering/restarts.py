"""When ECS starts an ended container again in place, and when that cannot help."""

from __future__ import annotations

from typing import Any

from neuronserve import exitcodes

MIN_PERIOD, MAX_PERIOD = 60, 1800  # seconds


def policy(load_seconds: int) -> dict[str, Any]:
    """ECS's restartPolicy.

    A container that ended before ``restartAttemptPeriod`` is not started again. That is the time a load
    may take, so that a model which kills its server while it loads ends the task, and the service sees it.
    """
    return {
        "enabled": True,
        "ignoredExitCodes": list(exitcodes.FINAL),
        "restartAttemptPeriod": min(max(load_seconds, MIN_PERIOD), MAX_PERIOD),
    }
