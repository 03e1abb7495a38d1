"""The model servers: started a few at a time, watched, stopped."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from neuronserve import machine
from neuronserve import state as states
from neuronserve.boot import cores, files
from neuronserve.boot.cores import Ground
from neuronserve.boot.relay import relay
from neuronserve.errors import CoreConflict, ModelServerError, NeuronserveError
from neuronserve.privileges import Account
from neuronserve.settings import Settings
from neuronserve.state import Server
from neuronserve.supervise import process
from neuronserve.supervise.children import Children, Command
from neuronserve.supervise.loop import Loop
from neuronserve.supervise.policy import Policy
from neuronserve.supervise.process import Health, Process, Spec

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch


class Judging(Protocol):
    """What says whether a server is ready, over all its runs: a ``Judge``, or what stands in for it.

    ``serving``: whether it serves what it should once it is ready; ``models``: the names of that.
    """

    @property
    def error(self) -> NeuronserveError | None: ...
    @property
    def serving(self) -> bool: ...
    @property
    def models(self) -> tuple[str, ...]: ...

    def begin(self) -> None: ...
    def ended(self) -> None: ...
    def __call__(self) -> Health: ...


class Servers:
    """``changed()`` at each change of a server's state; ``gave_up(error)`` when one is given up.

    ``disk_fault`` and ``others_serve`` are those of ``Spec``.
    """

    def __init__(
        self,
        loop: Loop,
        children: Children,
        *,
        cwd: Path,
        group: int | None,
        changed: Callable[[], None],
        gave_up: Callable[[NeuronserveError], None],
        disk_fault: Callable[[], str],
        others_serve: Callable[[], bool],
    ) -> None:
        """``group``: of the parts that call the servers, where these are other users."""
        self._loop = loop
        self._children = children
        self._cwd = cwd
        self._group = group
        self._changed = changed
        self._gave_up = gave_up
        self._disk_fault = disk_fault
        self._others_serve = others_serve
        self._account: Account | None = None
        self._launches: tuple[Launch, ...] = ()
        self._judges: tuple[Judging, ...] = ()
        self._queue: list[Process] = []
        self.processes: tuple[Process, ...] = ()

    def start(
        self,
        launches: tuple[Launch, ...],
        ground: Ground,
        settings: Settings,
        judges: Sequence[Judging],
        account: Account | None = None,
    ) -> None:
        """All of them, as many at once as there are CPUs: loading keeps one busy. Each has a judge.

        ``account``: whom they run as; None: as we do.
        """
        self._account = account
        self._launches, self._judges = launches, tuple(judges)
        self.processes = tuple(
            self._process(launch, judge, ground, settings)
            for launch, judge in zip(launches, judges, strict=True)
        )
        self._queue = list(self.processes)
        self._start_next()

    def _process(self, launch: Launch, judge: Judging, ground: Ground, settings: Settings) -> Process:
        spec = dataclasses.replace(
            self._spec(launch, judge, ground, settings),
            disk_fault=self._disk_fault,
            others_serve=self._others_serve,
        )

        def lost(why: str) -> None:
            self._gave_up(_taken(run, why) if run.lacking else _given_up(judge, why))

        def moved() -> None:
            if run.pid is None:
                judge.ended()
            self._moved()

        run = Process(self._loop, self._children, spec, changed=moved, gave_up=lost)
        return run

    def _spec(self, launch: Launch, judge: Judging, ground: Ground, settings: Settings) -> Spec:
        name = f"model-server-{launch.index}"
        return Spec(
            name=name,
            command=Command(
                launch.argv,
                {**launch.env, **ground.env},
                self._cwd,
                on_stdout=relay(name),
                on_stderr=relay(name),
                account=self._account,
                # who calls it must be able to write to its socket
                umask=0o077 if self._group is None else 0o007,
            ),
            check=judge,
            policy=Policy(settings.start_attempts, settings.max_restarts, settings.restart_window_seconds),
            start_seconds=settings.load_seconds,
            poll=0.1,
            before=functools.partial(self._before, launch, judge),
            hold=cores.waiting_for(ground, launch.cores, launch.tag),
            hold_seconds=settings.cores_wait_seconds,
            excuse=cores.busy,
        )

    def _before(self, launch: Launch, judge: Judging) -> None:
        judge.begin()
        for path, text in launch.files.items():
            files.write_if_other(path, text)
        # what a killed server left goes: its socket, to which nobody could bind, and what it unpacked
        files.empty_folder(launch.folder)
        if self._group is not None:
            os.chown(launch.folder, self._account.uid if self._account else -1, self._group)
            launch.folder.chmod(0o2750)  # its socket has the group of those who call it

    def described(self) -> tuple[Server, ...]:
        """As the state tells it."""
        return tuple(
            Server(
                index=launch.index,
                target=launch.target,
                state=_word(run, judge),
                restarts=run.restarts,
                pid=run.pid,
                rest_port=launch.rest_port,
                grpc_port=launch.grpc_port,
                cores=launch.cores,
                chips=launch.chips,
                copies=launch.copies,
                models=judge.models,
                joins=launch.joins,
                waits=run.held_by if run.state == process.WAITING else "",
            )
            for launch, run, judge in zip(self._launches, self.processes, self._judges, strict=True)
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


def _given_up(judge: Judging, why: str) -> ModelServerError:
    """The kind of error that it was judged by, where it was."""
    kind = type(judge.error) if isinstance(judge.error, ModelServerError) else ModelServerError
    hint = judge.error.hint if judge.error else ""
    for words in (f" ({hint})", f"; {hint}"):  # as an error's text has it
        why = why.replace(words, "") if hint else why
    return kind(why, hint=hint or "the log has its own lines")


def _taken(run: Process, why: str) -> CoreConflict:
    """Its cores never became free."""
    return CoreConflict(
        f"{why}; {run.held_by or 'its cores are not free'}",
        hint="end whoever holds them (`serve doctor` names it), or raise SERVE_CORES_WAIT_SECONDS",
    )


def _word(run: Process, judge: Judging) -> str:
    if run.state == process.READY and judge.serving:
        return states.READY
    if run.state == process.FAILED:
        return states.FAILED
    return "restarting" if run.restarts else states.STARTING
