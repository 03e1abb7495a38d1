"""Child processes: spawned into groups of their own, listened to, reaped; their orphans too.

Each child leads its own session, so that a terminal's Ctrl-C reaches ``serve`` alone, which then stops
the others in order. When a child ends, what is left of its group is killed: an orphan would hold ports.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve.privileges import Account
from neuronserve.supervise import frozen
from neuronserve.supervise.lines import Lines
from neuronserve.supervise.loop import Loop, Timer

_PR_SET_CHILD_SUBREAPER = 36
_CHUNK = 65_536
_LOOK_SECONDS = 0.5  # between two looks for processes that are stopped
_STOPPED = "it was stopped by a signal (state T)"
_log = logging.getLogger("serve")

OnLine = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Command:
    """What to run. ``env`` is the whole environment. Without ``on_stdout``, stdout is inherited.

    With ``group_stays``, what it started goes on when it ends, until somebody calls ``kill_group``.
    ``death_signal`` is what the child gets from the kernel should the supervisor itself be killed.
    ``account``: whom it runs as; None: as the supervisor. ``umask``: -1: the supervisor's.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    on_stdout: OnLine | None
    on_stderr: OnLine
    death_signal: signal.Signals = signal.SIGKILL
    longest_line: int = 16_384  # bytes
    account: Account | None = None
    umask: int = -1
    group_stays: bool = False


@dataclasses.dataclass(frozen=True)
class Exit:
    """How a process ended: ``code`` as subprocess counts, negative for a signal; ``why`` we ended it."""

    code: int
    why: str = ""

    def __str__(self) -> str:
        return f"{self.why}; {self._how()}" if self.why else self._how()

    def _how(self) -> str:
        if self.code >= 0:
            return f"exit code {self.code}"
        try:
            return f"killed by {signal.Signals(-self.code).name}"
        except ValueError:
            return f"killed by signal {-self.code}"


class Child:
    """A running child. Its output is read by the loop until it ends."""

    def __init__(self, loop: Loop, command: Command, on_exit: Callable[[Exit], None]) -> None:
        """Raises OSError when it cannot be started."""
        self._loop = loop
        self._on_exit = on_exit
        self._popen = subprocess.Popen(
            guarded(command.argv, command.env, command.death_signal),
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if command.on_stdout else None,
            stderr=subprocess.PIPE,
            start_new_session=True,
            umask=command.umask,
            **(command.account.becoming() if command.account else {}),
        )
        self.pid = self._popen.pid
        self._why = ""
        self.group_stays = command.group_stays
        self._streams: list[_Stream] = []
        for pipe, on_line in (
            (self._popen.stdout, command.on_stdout),
            (self._popen.stderr, command.on_stderr),
        ):
            if pipe is not None and on_line is not None:
                stream = _Stream(loop, pipe.fileno(), Lines(command.longest_line), on_line, pipe.close)
                self._streams.append(stream)

    def signal(self, number: signal.Signals) -> None:
        """To the child alone. Its id cannot belong to another: it is reaped by us, and then forgotten."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill_group(self, why: str = "") -> None:
        """``why``: what its exit tells."""
        self._why = self._why or why
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill_frozen(self) -> None:
        """It is stopped; what it started may be well."""
        if not self.group_stays:
            self.kill_group(_STOPPED)
            return
        self._why = self._why or _STOPPED
        self.signal(signal.SIGKILL)

    def has_group(self) -> bool:
        """Whether anything of its group is there, itself included."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # of others, who are there
            return True
        return True

    def ended(self, code: int) -> None:
        """The reaper's call: read what is left in the pipes, then tell."""
        self.forget(code)
        self._on_exit(Exit(code, self._why))

    def forget(self, code: int) -> None:
        self._popen.returncode = code  # so that subprocess does not wait for it again
        for stream in self._streams:
            stream.finish()


class Children:
    """All of them. Reaps whatever the kernel hands over, without taking another's status."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._by_pid: dict[int, Child] = {}
        self._frozen: frozenset[frozen.Stopped] = frozenset()  # at the last look
        self._looking: Timer | None = None
        _become_subreaper()
        loop.on_signals((signal.SIGCHLD,), lambda _: self._reap())

    def __len__(self) -> int:
        return len(self._by_pid)

    def spawn(self, command: Command, on_exit: Callable[[Exit], None]) -> Child:
        """Raises OSError when it cannot be started."""
        child = Child(self._loop, command, on_exit)
        self._by_pid[child.pid] = child
        if self._looking is None:
            self._looking = self._loop.later(_LOOK_SECONDS, self._end_frozen)
        return child

    def kill_all(self) -> None:
        """At once, with all they started; returns when none is left. Their ``on_exit`` is not called."""
        for child in self._by_pid.values():
            child.kill_group()
        with contextlib.suppress(ChildProcessError):
            while True:
                _kill_strays()
                pid, status = os.waitpid(-1, 0)
                child_or_none = self._by_pid.pop(pid, None)
                if child_or_none:
                    child_or_none.forget(os.waitstatus_to_exitcode(status))

    def _end_frozen(self) -> None:
        """Kill who is stopped for the second time in a row: whoever started it has it back by a restart."""
        stopped = frozen.look(self._by_pid)
        for one in stopped & self._frozen:
            if one.pid == one.leader:
                self._by_pid[one.pid].kill_frozen()
            else:
                _log.warning("%s, process %d of %d, is killed: %s", one.name, one.pid, one.leader, _STOPPED)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one.pid, signal.SIGKILL)
        self._frozen = stopped
        self._looking = self._loop.later(_LOOK_SECONDS, self._end_frozen)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                child = self._by_pid.pop(found.si_pid, None)
                if child and not child.group_stays:
                    child.kill_group()  # before it is reaped: until then its id, the group's, is taken
                _, status = os.waitpid(found.si_pid, 0)
                if child:
                    child.ended(os.waitstatus_to_exitcode(status))


class _Stream:
    """One pipe of a child."""

    def __init__(
        self, loop: Loop, descriptor: int, lines: Lines, on_line: OnLine, close: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._lines = lines
        self._on_line = on_line
        self._close = close
        self._open = True
        os.set_blocking(descriptor, False)
        loop.on_readable(descriptor, self._read)

    def finish(self) -> None:
        """Read what is there, then close: a grandchild may hold the other end open for ever."""
        while self._open and self._read():
            pass
        if self._open:
            self._end()

    def _read(self) -> bool:
        """Whether there was something."""
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return False
        for line in self._lines.feed(data):
            self._on_line(line)
        if not data:
            self._end()
        return bool(data)

    def _end(self) -> None:
        self._open = False
        for line in self._lines.rest():
            self._on_line(line)
        self._loop.forget(self._descriptor)
        self._close()


def guarded(argv: Sequence[str], env: Mapping[str, str], death_signal: signal.Signals) -> list[str]:
    """The command, so that it does not outlive who starts it. Raises FileNotFoundError.

    The kernel sees to that when that is PID 1. Elsewhere setpriv, which every Debian has, asks
    for a signal at the parent's death and becomes the command: code of our own between fork and exec
    would not be safe beside threads.
    """
    program = shutil.which(argv[0], path=env.get("PATH"))
    if program is None:
        raise FileNotFoundError(f"there is no program {argv[0]} that uid {os.geteuid()} may run")
    command = [program, *argv[1:]]
    setpriv = None if os.getpid() == 1 else shutil.which("setpriv")
    return [setpriv, "--pdeathsig", death_signal.name, "--", *command] if setpriv else command


def _become_subreaper() -> None:
    """Be the one who gets orphaned grandchildren, as PID 1 is by nature."""
    if os.getpid() != 1:
        with contextlib.suppress(OSError, AttributeError):  # not on Linux: they go to the system's init
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_strays() -> None:
    """Kill what was handed to us by dying parents, and left its group: no child of ours survives."""
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            for pid in task.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
