"""A job in AWS, followed until its end: each state once, with the time it has taken so far."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.errors import JobFailed

EVERY = 15.0  # seconds between looks
_STILL = 120.0  # seconds after which it is said that nothing changed

Described = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One of AWS's kinds of jobs. ``word``: for a person; ``member``: of the state in its description.

    ``done``: the good one of the states that stay, ``ended``. ``goes_on``: the command that shows a job, or
    follows it further.
    """

    word: str
    member: str
    done: str
    ended: frozenset[str]
    describe: Callable[[Aws, str], Described]
    stop: Callable[[Aws, str], None]
    goes_on: Callable[[str], str]


def follow(desk: Desk, kind: Kind, name: str, seconds: float) -> Described:
    """The job, when it has ended. Raises TimedOut."""
    return desk.until(
        _Look(desk, kind, name),
        what=f"end of {name}",
        seconds=seconds,
        every=EVERY,
        hint=f"it goes on: {kind.goes_on(name)}",
    )


class _Look:
    """Looks once; says what changed."""

    def __init__(self, desk: Desk, kind: Kind, name: str) -> None:
        self._desk, self._kind, self._name = desk, kind, name
        self._begin = self._said = desk.clock.monotonic()
        self._state = ""

    def __call__(self) -> Described | None:
        job = self._kind.describe(self._desk.aws, self._name)
        state, now = str(job[self._kind.member]), self._desk.clock.monotonic()
        if state != self._state or now - self._said >= _STILL:
            still = "still " if state == self._state else ""
            self._desk.say(f"{now - self._begin:5.0f} s  {self._name}: {still}{state}")
            self._state, self._said = state, now
        return job if state in self._kind.ended else None


@contextlib.contextmanager
def interruptible(desk: Desk, kind: Kind, name: str, *, stop: bool) -> Iterator[None]:
    """Ctrl-C stops the job where that is wanted; in any case it is said what becomes of it."""
    try:
        yield
    except KeyboardInterrupt:
        goes_on = f"{name} goes on: {kind.goes_on(name)}"
        if not stop:
            desk.say(goes_on)
            raise
        try:
            kind.stop(desk.aws, name)
        except BaseException:
            desk.say(goes_on)
            raise
        desk.say(f"{name}: asked to stop")
        raise


def refuse_failed(
    kind: Kind, name: str, job: Described, explained: Callable[[Described], str] = lambda _: ""
) -> None:
    """Raises JobFailed for what ended otherwise than well, with AWS's reason and what it means."""
    state = job[kind.member]
    if state != kind.done:
        reason = " ".join(str(job.get("FailureReason") or "").split())
        told = f": {reason}" if reason else ""
        raise JobFailed(f"the {kind.word} {name} is {state}{told}", hint=explained(job))
