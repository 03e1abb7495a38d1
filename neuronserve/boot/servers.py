"""The model servers: started a few at a time, watched, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from neuronserve import machine
from neuronserve import state as states
from neuronserve.boot.relay import relay
from neuronserve.settings import Settings
from neuronserve.state import Server
from neuronserve.supervise import process
from neuronserve.supervise.children import Children, Command
from neuronserve.supervise.loop import Loop
from neuronserve.supervise.policy import Policy
from neuronserve.supervise.process import Answer, Health, Process, Spec

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch
    from neuronserve.modelserver.probe import Probe

_PROBE_SECONDS = 2.0

Versions = Mapping[str, Sequence[int]]  # model name -> versions


class Servers:
    """``changed()`` at each change of a server's state; ``gave_up(why)`` when one is given up."""

    def __init__(
        self,
        loop: Loop,
        children: Children,
        *,
        cwd: Path,
        changed: Callable[[], None],
        gave_up: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._children = children
        self._cwd = cwd
        self._changed = changed
        self._gave_up = gave_up
        self._launches: tuple[Launch, ...] = ()
        self._queue: list[Process] = []
        self.processes: tuple[Process, ...] = ()

    def start(self, launches: tuple[Launch, ...], versions: Versions, settings: Settings) -> None:
        """All of them, as many at once as there are CPUs: loading keeps one busy."""
        self._launches = launches
        specs = [_spec(launch, versions, settings, self._cwd) for launch in launches]
        self.processes = tuple(
            Process(self._loop, self._children, spec, changed=self._moved, gave_up=self._gave_up)
            for spec in specs
        )
        self._queue = list(self.processes)
        self._start_next()

    def described(self) -> tuple[Server, ...]:
        """As the state tells it."""
        return tuple(
            Server(
                index=launch.index,
                target=launch.target,
                state=_word(run),
                restarts=run.restarts,
                pid=run.pid,
                rest_port=launch.rest_port,
            )
            for launch, run in zip(self._launches, self.processes, strict=True)
        )

    def _moved(self) -> None:
        self._start_next()
        self._changed()

    def _start_next(self) -> None:
        begun = [p for p in self.processes if p not in self._queue]
        loading = sum(p.state in (process.STARTING, process.WAITING) for p in begun)
        room = max(0, machine.cpus() - loading)
        turn, self._queue = self._queue[:room], self._queue[room:]
        for next_one in turn:
            next_one.start()

    def drop_queue(self) -> None:
        """Start no more."""
        self._queue.clear()


def _spec(launch: Launch, versions: Versions, settings: Settings, cwd: Path) -> Spec:
    name = f"model-server-{launch.index}"
    return Spec(
        name=name,
        command=Command(launch.argv, launch.env, cwd, on_stdout=relay(name), on_stderr=relay(name)),
        check=_Checker(launch.target, versions),
        policy=Policy(settings.start_attempts, settings.max_restarts, settings.restart_window_seconds),
        start_seconds=settings.load_seconds,
        poll=0.1,
        before=lambda: _write(launch),
    )


def _write(launch: Launch) -> None:
    for path, text in launch.files.items():
        path.write_text(text)
    # a socket left by a killed server: the next one could not bind to it
    Path(launch.target.removeprefix("unix:")).unlink(missing_ok=True)


class _Checker:
    """Asks a server over gRPC, which is loaded, in the checking thread, when there is somebody to ask."""

    def __init__(self, target: str, versions: Versions) -> None:
        self._target = target
        self._versions = versions
        self._probe: Probe | None = None

    def __call__(self) -> Health:
        if self._probe is None:
            if not Path(self._target.removeprefix("unix:")).exists():
                return Answer(ready=False)
            from neuronserve.modelserver.probe import Probe

            self._probe = Probe(self._target)
        return self._probe.available(self._versions, _PROBE_SECONDS)


def _word(run: Process) -> str:
    if run.state == process.READY:
        return states.READY
    if run.state == process.FAILED:
        return states.FAILED
    return "restarting" if run.restarts else states.STARTING
