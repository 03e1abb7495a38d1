"""What the exit codes of the scripts that deploy mean; those above 63 are sysexits.h's where it has one.

They keep clear of the container's own (``exitcodes.py``), because ``scripts/ecs run-task`` ends with that.
"""

from __future__ import annotations

from neuronserve import errors

YES = 0
NO = 1
INPUT = 2
UNAVAILABLE = 69
INTERNAL = 70
NOT_PLACED = 71
TIME_UP = 75
REFUSED = 77
INTERRUPTED = 130

MEANINGS: dict[int, str] = {
    YES: "done; the same, valid, all OK",
    NO: "different; findings; an item is NG; no such thing; the deployment failed or was rolled back; "
    "a job FAILED or was stopped",
    INPUT: "an option, a file or a value in it cannot be used; the message names it",
    UNAVAILABLE: "AWS, or the container engine, cannot be reached or did not do it",
    INTERNAL: "a fault of neuronserve itself; please report it",
    NOT_PLACED: "ECS found no container instance for a task; the message says why",
    TIME_UP: "the time was up; what was begun in AWS goes on, what `run-local` or `local` ran is removed",
    REFUSED: "AWS credentials are absent or expired, or lack the right that the message names",
    INTERRUPTED: "interrupted (Ctrl-C); what was begun in AWS goes on, what `run-local` or `local` ran is "
    "removed",
}

_BY_ERROR: dict[type[errors.NeuronserveError], int] = {
    errors.NoSuchResource: NO,
    errors.DeploymentFailed: NO,
    errors.JobFailed: NO,
    errors.InvalidInput: INPUT,
    errors.SettingsError: INPUT,
    errors.AwsFailed: UNAVAILABLE,
    errors.EngineFailed: UNAVAILABLE,
    errors.NotPlaced: NOT_PLACED,
    errors.TimedOut: TIME_UP,
    errors.AwsRefused: REFUSED,
    errors.PlanError: INPUT,
    errors.ArtifactError: INPUT,
}


def of(error: BaseException) -> int:
    """The exit code for an error: that of its class, or of the nearest class it derives from."""
    for cls in type(error).__mro__:
        if cls in _BY_ERROR:
            return _BY_ERROR[cls]
    return INTERNAL
