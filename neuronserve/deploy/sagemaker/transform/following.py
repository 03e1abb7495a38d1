"""A transform job followed until its end: SageMaker's own reason, and the end of the containers' log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live, logtail
from neuronserve.errors import JobFailed

EVERY = 15.0  # seconds
GROUP = "/aws/sagemaker/TransformJobs"
_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_STILL = 120.0  # seconds after which it is said that nothing changed


def find(desk: Desk, name: str) -> dict[str, Any] | None:
    """None where there is no such job."""
    try:
        return dict(desk.aws.sagemaker.describe_transform_job(TransformJobName=name))
    except ClientError as error:
        if live.absent(error):
            return None
        raise


def follow(desk: Desk, name: str, seconds: float) -> dict[str, Any]:
    """The job, when it has ended. Raises TimedOut."""
    begin = said = desk.clock.monotonic()
    before = ""

    def look() -> dict[str, Any] | None:
        nonlocal before, said
        job = find(desk, name) or {}
        state, now = str(job.get("TransformJobStatus", "")), desk.clock.monotonic()
        if state != before or now - said >= _STILL:
            desk.say(f"{now - begin:5.0f} s  {name}: {'still ' if state == before else ''}{state}")
            before, said = state, now
        return job if state in _ENDED else None

    return desk.until(
        look,
        what=f"end of {name}",
        seconds=seconds,
        every=EVERY,
        hint=f"it goes on: scripts/sagemaker batch --follow {name}",
    )


def refuse_failed(desk: Desk, job: dict[str, Any], lines: int = 20) -> None:
    """Raises JobFailed for what ended otherwise than well; what its containers wrote last is said."""
    name, state = job["TransformJobName"], job["TransformJobStatus"]
    if state == "Completed":
        return
    for line in logtail.of_group(desk.aws, GROUP, lines, prefix=f"{name}/"):
        desk.say(line)
    reason = " ".join(str(job.get("FailureReason", "")).split())
    raise JobFailed(f"the transform job {name} is {state}" + (f": {reason}" if reason else ""))


@contextlib.contextmanager
def interruptible(desk: Desk, name: str, *, stop: bool) -> Iterator[None]:
    """Ctrl-C stops the job where that is wanted; in any case it is said what becomes of it."""
    try:
        yield
    except KeyboardInterrupt:
        if not stop:
            desk.say(f"{name} goes on: scripts/sagemaker batch --follow {name}")
            raise
        desk.aws.sagemaker.stop_transform_job(TransformJobName=name)
        desk.say(f"{name}: asked to stop")
        raise
