"""A job followed until its end; SageMaker has no waiter for it, so it is asked again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import failures, jobs
from neuronserve.deploy.neo.jobs import ENDED, Job
from neuronserve.errors import JobFailed

EVERY = 15.0  # seconds between looks
_STILL = 120.0  # seconds after which it is said that nothing changed


def follow(desk: Desk, name: str, *, seconds: float) -> Job:
    """The job, when it has ended. Raises TimedOut."""
    return desk.until(
        _Look(desk, name),
        what=f"end of {name}",
        seconds=seconds,
        every=EVERY,
        hint=f"it goes on: scripts/compile-model describe {name}",
    )


class _Look:
    """Looks once; says what changed, and how long it has taken."""

    def __init__(self, desk: Desk, name: str) -> None:
        self._desk, self._name = desk, name
        self._begin = self._said = desk.clock.monotonic()
        self._state = ""

    def __call__(self) -> Job | None:
        job = jobs.describe(self._desk.aws, self._name)
        state, now = str(job["CompilationJobStatus"]), self._desk.clock.monotonic()
        if state != self._state or now - self._said >= _STILL:
            still = "still " if state == self._state else ""
            self._desk.say(f"{now - self._begin:5.0f} s  {self._name}: {still}{state}")
            self._state, self._said = state, now
        return job if state in ENDED else None


@contextlib.contextmanager
def interruptible(desk: Desk, name: str, *, stop: bool) -> Iterator[None]:
    """Ctrl-C stops the job where that is wanted; in any case it is said what becomes of it."""
    try:
        yield
    except KeyboardInterrupt:
        goes_on = f"{name} goes on: scripts/compile-model describe {name}, or stop {name}"
        if not stop:
            desk.say(goes_on)
            raise
        try:
            jobs.stop(desk.aws, name)
        except BaseException:
            desk.say(goes_on)
            raise
        desk.say(f"{name}: asked to stop")
        raise


def refuse_failed(job: Job) -> None:
    """Raises JobFailed for what ended otherwise than well, with what its reason means."""
    name, state = job["CompilationJobName"], job["CompilationJobStatus"]
    if state == "COMPLETED":
        return
    reason = " ".join(str(job.get("FailureReason", "")).split())
    raise JobFailed(
        f"the compilation job {name} is {state}" + (f": {reason}" if reason else ""),
        hint=failures.explained(job),
    )
