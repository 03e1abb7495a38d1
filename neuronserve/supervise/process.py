"""One process that must keep running.

::

    start() --(held back: WAITING)--> STARTING --ready--> READY --end, or hangs--> WAITING --> STARTING ...
                   |  ended, too slow, or said that it failed   ^  |
                   +--------------------------------------------+  +--budget used up--> FAILED
    stop()  --> STOPPING --> GONE

Whether it is ready is found out by its ``check``, in a thread, so that a check that hangs hangs alone.
"""

from __future__ import annotations

import dataclasses
import logging
import signal
from collections.abc import Callable
from typing import Protocol

from neuronserve.supervise.children import Child, Children, Command, Exit
from neuronserve.supervise.loop import Loop, Timer
from neuronserve.supervise.policy import GiveUp, History, Policy, Verdict
from neuronserve.supervise.words import STARVING, Words

STARTING, READY, WAITING, FAILED, STOPPING, GONE = (
    "starting",
    "ready",
    "waiting",
    "failed",
    "stopping",
    "gone",
)

_HOLD_POLL = 0.2  # seconds
_EXCUSED_PAUSE = 0.5
_log = logging.getLogger("serve")


class Health(Protocol):
    """``ready``; or why it never will be (``failed``, empty when it still may)."""

    @property
    def ready(self) -> bool: ...

    @property
    def failed(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Answer:
    """The plainest Health."""

    ready: bool
    failed: str = ""


@dataclasses.dataclass(frozen=True)
class Spec:
    """A process: its command, how it is judged, and how often it may fail.

    ``check`` must come back within a few seconds. It is asked every ``poll`` seconds while
    the process starts, for at most ``start_seconds``, and then every ``watch`` seconds: after
    ``patience`` answers in a row that are not ready, the process counts as hung and is killed.
    An answer that says why it never will be again (``failed``) has it killed at once.

    Before each start ``hold``, where there is one, is asked in a thread for what the start has to wait
    for (empty: nothing). A start that fails after the process said a line for which ``excuse`` is true is
    not counted against it: what it needs is not free yet. Both together go on for at most ``hold_seconds``;
    after that, starts are tried at once, and counted. ``before`` is called right before each start.

    A start that fails because the disk took no more, as ``disk_fault`` or the process itself says, is tried
    again where one succeeded before; it counts as a death, except while others serve.
    """

    name: str
    command: Command
    check: Callable[[], Health]
    policy: Policy = Policy()
    start_seconds: float = 60.0
    poll: float = 0.05
    watch: float = 2.0
    patience: int = 5
    before: Callable[[], None] = lambda: None
    hold: Callable[[], str] | None = None
    hold_seconds: float = 0.0
    excuse: Callable[[str], bool] = lambda _line: False
    disk_fault: Callable[[], str] = lambda: ""
    others_serve: Callable[[], bool] = lambda: False


class Process:
    """``changed()`` is called at each change of state, ``gave_up(why)`` once, when it has FAILED."""

    def __init__(
        self,
        loop: Loop,
        children: Children,
        spec: Spec,
        *,
        changed: Callable[[], None],
        gave_up: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._children = children
        self._spec = spec
        self._changed = changed
        self._gave_up = gave_up
        self._history = History(spec.policy)
        self._child: Child | None = None
        self._left: list[Child] = []  # that ended, and whose groups go on
        self._timers: list[Timer] = []
        self._ready_since: float | None = None
        self._ever_ready = False
        self._misses = 0
        self._cause = ""
        self._hopeless = False
        self._words = Words(loop.now, spec.excuse)
        self.starved = ""  # why the disk let no start succeed; empty as soon as one does
        self._lacking_since: float | None = None  # since when what it needs is known not to be free
        self.held_by = ""  # what its start waits for, or did not wait for any longer
        self._stopped: Callable[[Exit | None], None] = lambda _: None
        self.state = WAITING

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def restarts(self) -> int:
        return self._history.restarts

    @property
    def lingers(self) -> bool:
        """Whether what a run that is over has started goes on until the next run is ready."""
        self._left = [child for child in self._left if child.has_group()]
        return bool(self._left)

    def _end_left(self) -> None:
        for child in self._left:
            child.kill_group()
        self._left.clear()

    @property
    def lacking(self) -> bool:
        """Whether what it needs was not free at its last start; ``held_by`` tells who has it, if known."""
        return self._lacking_since is not None

    def start(self) -> None:
        self._cause, self._hopeless, self._misses, self._ready_since = "", False, 0, None
        self._words = Words(self._loop.now, self._spec.excuse)
        if self._spec.hold is None:
            self._spawn()
        else:
            self._ask_hold(self._spec.hold)

    def _ask_hold(self, hold: Callable[[], str]) -> None:
        def ask() -> str:
            try:
                return hold()
            except Exception:  # noqa: BLE001  nobody knows, so the process itself has to find out
                _log.exception("what %s would have to wait for is not known", self.name)
                return ""

        self._loop.background(ask, lambda why: self._held(hold, why))

    def _held(self, hold: Callable[[], str], why: str) -> None:
        if self.state != WAITING:
            return  # it was stopped meanwhile
        if why and self._may_wait():
            if why != self.held_by:
                _log.warning("%s waits: %s", self.name, why)
                self.held_by = why
                self._changed()
            self._after(_HOLD_POLL, lambda: self._ask_hold(hold))
            return
        if why:
            _log.warning("%s starts although %s", self.name, why)
        self.held_by = why
        self._spawn()

    def _spawn(self) -> None:
        try:
            self._spec.before()
            self._child = self._children.spawn(self._words.heard_by(self._spec.command), self._ended)
        except OSError as error:
            self._failed_to_start(str(error), starved=error.errno in STARVING)
            return
        _log.debug("%s started, process %d", self.name, self.pid)
        self._move(STARTING)
        self._after(self._spec.start_seconds, self._too_slow)
        self._check()

    def stop(self, how: signal.Signals, grace: float, stopped: Callable[[Exit | None], None]) -> None:
        """Send ``how``, and SIGKILL after ``grace`` seconds; then ``stopped(exit)``.

        The exit is None when it was not running at all.
        """
        self._cancel()
        self._end_left()
        self._stopped = stopped
        if self._child is None:
            self._move(GONE)
            stopped(None)
            return
        self._move(STOPPING)
        self._child.signal(how)
        self._after(grace, self._child.kill_group)

    def replace(self, why: str) -> None:
        """End it at once, and start it again as one that died."""
        if self.state == READY:
            self._kill(why)

    def _check(self) -> None:
        asked = self._child
        self._loop.background(self._asked, lambda health: self._checked(asked, health))

    def _asked(self) -> Health:
        """The check's answer; one that fails must not end the watch."""
        try:
            return self._spec.check()
        except Exception:  # noqa: BLE001  whatever it was, the process must stay watched
            _log.exception("the check of %s failed", self._spec.name)
            return Answer(ready=False)

    def _checked(self, asked: Child | None, health: Health) -> None:
        if asked is not self._child:
            return  # about a run that is over
        if self.state == STARTING:
            self._while_starting(health)
        elif self.state == READY:
            self._while_ready(health)

    def _while_starting(self, health: Health) -> None:
        if health.ready:
            self._cancel()
            self._ready_since = self._loop.now()
            self._ever_ready = True
            self.starved = ""
            self._end_left()
            self._move(READY)
        elif health.failed:
            # what it could never do it will not do next time; what it did before it may do again
            self._kill(health.failed, hopeless=not self._ever_ready)
        self._again_later()

    def _while_ready(self, health: Health) -> None:
        self._misses = 0 if health.ready else self._misses + 1
        if health.failed:
            self._kill(health.failed)
        elif self._misses >= self._spec.patience:
            self._kill(f"did not answer {self._misses} times in a row")
        self._again_later()

    def _again_later(self) -> None:
        self._after(self._spec.watch if self.state == READY else self._spec.poll, self._check)

    def _too_slow(self) -> None:
        self._kill(f"not ready after {self._spec.start_seconds:g} s")

    def _kill(self, cause: str, *, hopeless: bool = False) -> None:
        self._cause, self._hopeless = cause, hopeless
        if self._child:
            self._child.kill_group()

    def _ended(self, exit_: Exit) -> None:
        if self._child and self._child.group_stays:
            self._left.append(self._child)
        self._child = None
        self._cancel()
        if self.state == STOPPING:
            self._end_left()
            self._move(GONE)
            self._stopped(exit_)
            return
        cause = self._cause or f"{exit_}{self._words.last()}"
        if self._forgiven():
            _log.warning("%s could not start yet (%s); again in %.1f s", self.name, cause, _EXCUSED_PAUSE)
            self._move(WAITING)
            self._after(_EXCUSED_PAUSE, self.start)
        elif self._hopeless:
            self._judge(cause, GiveUp("cannot start"))
        elif self._ready_since is None:
            self._failed_to_start(cause, starved=self._words.starved)
        else:
            now = self._loop.now()
            self._judge(cause, self._history.died(now, now - self._ready_since))

    def _failed_to_start(self, cause: str, *, starved: bool) -> None:
        """``starved``: it is known that the disk took no more."""
        fault = self._spec.disk_fault() or (cause if starved else "")
        if not fault or not self._ever_ready:
            self._judge(cause, self._history.failed_to_start())
            return
        self.starved = fault
        counts = not self._spec.others_serve()
        self._judge(f"{cause}; {fault}", self._history.starved(self._loop.now(), counts=counts))

    def _forgiven(self) -> bool:
        """Whether a failed start does not count: what it needs was not free, and may be soon."""
        if self._ready_since is not None or not self._words.excused:
            self._lacking_since = None  # it had what it needs
            return False
        return self._may_wait()

    def _may_wait(self) -> bool:
        """Whether it may go on waiting for what it needs; the time begins with the first question."""
        now = self._loop.now()
        self._lacking_since = now if self._lacking_since is None else self._lacking_since
        return now - self._lacking_since < self._spec.hold_seconds

    def _judge(self, cause: str, verdict: Verdict) -> None:
        event = "did not start" if self._ready_since is None else "died"
        if isinstance(verdict, GiveUp):
            self._move(FAILED)
            self._gave_up(f"{self.name} {verdict.why}: {cause}")
            return
        _log.warning("%s %s (%s); again in %.1f s", self.name, event, cause, verdict.after)
        self._move(WAITING)
        self._after(verdict.after, self.start)

    def _move(self, state: str) -> None:
        self.state = state
        self._changed()

    def _after(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timers = [t for t in self._timers if t.callback is not None and t.when > self._loop.now()]
        self._timers.append(self._loop.later(seconds, callback))

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
