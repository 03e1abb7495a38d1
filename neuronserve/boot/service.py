"""The life of the service: front and gateway up, the model fetched, its servers loaded; serve; stop.

One object with the story; the parts know themselves. Everything here runs in the loop's thread.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve import exitcodes, machine
from neuronserve import state as states
from neuronserve.artifact import sharedcode
from neuronserve.artifact.bundle import Bundle
from neuronserve.boot import cores, fetch, files, front, gateway, identity, links, load, storage
from neuronserve.boot.condition import Condition
from neuronserve.boot.cores import Ground
from neuronserve.boot.drain import Drain, Parts, stop_together
from neuronserve.boot.failure import Failure
from neuronserve.boot.judge import Judge
from neuronserve.boot.multimodel import opening
from neuronserve.boot.multimodel.assembly import Assembly, assemble
from neuronserve.boot.progress import Display
from neuronserve.boot.publish import Publisher
from neuronserve.boot.relay import relay
from neuronserve.boot.servers import Servers
from neuronserve.boot.usage import Measuring
from neuronserve.errors import (
    ArtifactError,
    DeviceFault,
    FrontError,
    GatewayError,
    NeuronserveError,
    ProcessError,
)
from neuronserve.privileges import Accounts
from neuronserve.settings import Settings
from neuronserve.supervise import process
from neuronserve.supervise.children import Child, Children, Command, Exit
from neuronserve.supervise.loop import Loop
from neuronserve.supervise.policy import Policy
from neuronserve.supervise.process import Answer, Process, Spec

_log = logging.getLogger("serve")
_QUICK_GRACE = 1.0  # seconds for each to end when nothing was ever served
_LOOK_SECONDS = 1.0  # between two looks at the disk and at what is on it


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What a service needs to know. ``root`` is where ``wsgi.py`` and ``nginx.conf`` lie.

    ``accounts``: whom its parts run as.
    """

    settings: Settings
    environ: Mapping[str, str]
    accounts: Accounts
    root: Path
    runtime: Path
    display: Display
    print_line: Callable[[str], None]  # to stdout, as it is


class Service:
    def __init__(self, loop: Loop, children: Children, around: Surroundings) -> None:
        """Raises NeuronserveError when it is clear already that it cannot serve."""
        self._loop = loop
        self._children = children
        self._around = around
        self._publisher = Publisher(around.runtime)
        self._multi_model: Assembly | None = None
        starting = "load" if around.settings.multi_model else "locate"
        self._condition = Condition(step=starting, multi_model=around.settings.multi_model)
        self._failure: Failure | None = None
        self._unwritten = ""  # why the disk does not have the state
        self._fetching: Child | None = None
        self._bundle: Bundle | None = None
        # on a multi-model endpoint, the code that all models share, before the first one is loaded
        self._fetches = not around.settings.multi_model or sharedcode.at_start(around.settings)
        self._ground: Ground | None = None
        self._measuring = Measuring(loop, children, around.runtime, around.environ)
        self._lost_workers = 0  # of nginx
        self._former_socket: gateway.Stamp | None = None
        front.prepare(around.settings, around.runtime)
        self._front = self._keep(FrontError, self._front_spec())
        self._gateway = self._keep(GatewayError, self._gateway_spec())
        self._servers = Servers(
            loop,
            children,
            cwd=around.root,
            group=around.accounts.group,
            changed=self._changed,
            gave_up=lambda error: self.fail(Failure.of(error)),
            disk_fault=self._disk_fault,
            others_serve=lambda: self._publisher.state.serving,
        )

    def start(self) -> None:
        """nginx, gunicorn and the fetch at once: ``/ping`` answers from the first moment."""
        self._reserve()
        self._look()
        self._front.start()
        self._gateway.start()
        if self._fetches:
            self._fetch()
        self._choose()

    def _fetch(self) -> None:
        listener = fetch.Fetch(progress=self._progressed, got=self._got, failed=self.fail)
        what = fetch.SHARED_CODE if self._around.settings.multi_model else fetch.MODEL
        command = fetch.command(self._around.runtime, self._around.environ, listener.hear, what)
        try:
            self._fetching = self._children.spawn(command, lambda exit_: self._fetch_ended(listener, exit_))
        except OSError as error:
            self.fail(
                Failure.of(ArtifactError(f"the program that gets the model cannot be started: {error}"))
            )

    def stop(self) -> None:
        """Stop in order: with a drain where requests were taken, at once where not."""
        self._end(states.DRAINING)

    def fail(self, failure: Failure) -> None:
        """Say why, stop the others in order, and end with the failure's exit code."""
        if self._failure or self._condition.ending:
            return
        self._failure = failure
        self._around.display.end()
        failure.log()
        self._note(step=failure.code, detail=failure.error)
        self._end(states.FAILED)

    @property
    def stopping(self) -> bool:
        return bool(self._condition.ending)

    def describe(self) -> None:
        """Everything at a glance, for a person who asks with SIGUSR1."""
        _log.info("state: %s", self._publisher.state.to_json())
        for one in (self._front, self._gateway, *self._servers.processes):
            _log.info("%s: %s, process %s, %d restarts", one.name, one.state, one.pid, one.restarts)

    # --- getting and loading the model

    def _progressed(self, step: str, done: int, total: int, detail: str) -> None:
        if not self.stopping:
            self._around.display.show(step, done, total, detail)
            self._note(step=step, detail=detail)

    def _fetch_ended(self, listener: fetch.Fetch, exit_: Exit) -> None:
        self._fetching = None
        self._around.display.end()
        if not self.stopping:
            listener.ended(exit_)

    def _choose(self) -> None:
        """The kind of model server, while the model comes: a mistake is told before a long download ends."""
        from neuronserve.modelserver import programs  # protobuf: not before nginx and the fetch are under way
        from neuronserve.neuron import variables

        around = self._around
        for line in variables.warnings(around.environ):
            _log.warning("%s", line)
        try:
            kind = programs.choose(around.settings)
        except NeuronserveError as error:
            self.fail(Failure.of(error))
            return
        self._note(kind=kind)
        look = functools.partial(cores.survey, around.settings, kind, around.runtime)
        self._loop.background(functools.partial(_or_error, look), self._surveyed)

    def _surveyed(self, found: Ground | NeuronserveError) -> None:
        if isinstance(found, NeuronserveError):
            self.fail(Failure.of(found))
            return
        self._ground = found
        self._note(simulated=found.simulated)
        self._load_when_all_is_known()

    def _got(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._load_when_all_is_known()

    def _load_when_all_is_known(self) -> None:
        if self._ground is None or self.stopping or (self._fetches and self._bundle is None):
            return
        try:
            if self._around.settings.multi_model:
                self._open(self._ground)
            elif self._bundle is not None:
                self._load(self._bundle, self._ground)
        except NeuronserveError as error:
            self.fail(Failure.of(error))

    def _load(self, bundle: Bundle, ground: Ground) -> None:
        around, kind = self._around, self._condition.kind
        loading = load.plan(around.settings, bundle, ground, around.runtime, around.environ, kind)
        names = ", ".join(f"{model.name} {list(model.versions)}" for model in bundle.models)
        _log.info("loading %s into %d %s model server(s)", names, len(loading.launches), kind)
        self._note(**loading.news)
        judges = [Judge(launch, loading.standard) for launch in loading.launches]
        trees = [model.base_path / str(version) for model in bundle.models for version in model.versions]
        account = identity.of_model_servers(around.accounts, loading.launches, ground, trees)
        self._servers.start(loading.launches, ground, around.settings, judges, account)
        self._measuring.begin(ground)

    def _open(self, ground: Ground) -> None:
        """Without a model: they come and go while the service runs."""
        around, kind = self._around, self._condition.kind
        links.offer_models(around.settings.models_dir, around.runtime)
        opened = opening.plan(around.settings, ground, around.runtime, around.environ, kind)
        if self._bundle is not None:
            opened = dataclasses.replace(opened, shared_code=self._bundle.code)
        _log.info("starting %d %s model server(s); models come later", len(opened.launches), kind)
        self._multi_model = made = assemble(
            self._loop, self._children, opened, settings=around.settings, runtime=around.runtime,
            environ=around.environ, changed=self._changed, published=lambda: self._publisher.state,
        )  # fmt: skip
        self._note(ownership=opened.ownership)
        account = identity.of_model_servers(around.accounts, opened.launches, ground, ())
        self._servers.start(opened.launches, ground, around.settings, made.attendants, account)
        self._measuring.begin(ground)

    # --- watching

    def _keep(self, error: type[ProcessError], spec: Spec) -> Process:
        gave_up = functools.partial(self._gave_up, error)
        return Process(self._loop, self._children, spec, changed=self._changed, gave_up=gave_up)

    def _gave_up(self, error: type[ProcessError], why: str) -> None:
        self.fail(Failure.of(error(why, hint="the log has its own lines")))

    def _reserve(self) -> None:
        try:
            self._publisher.reserve()
        except OSError as error:  # what cannot be taken now may be later
            _log.error("no room could be taken for the state: %s", error)

    def _look(self) -> None:
        """Each second: how the disk is, and that it has what is meant."""
        self._changed()
        self._loop.later(_LOOK_SECONDS, self._look)

    def _disk(self) -> str:
        """What is wrong with the disk, as it looks or as somebody found who wrote to it."""
        starved = (one.starved for one in (self._front, self._gateway, *self._servers.processes))
        return storage.fault(self._around.runtime) or self._unwritten or next(filter(None, starved), "")

    def _tell_disk(self, disk: str) -> None:
        if disk and not self._condition.disk:
            _log.error("%s; what runs goes on with the room that was taken at the start", disk)
        elif self._condition.disk and not disk:
            _log.info("there is room on the disk again")

    def _changed(self) -> None:
        disk = self._disk()
        self._tell_disk(disk)
        self._note(
            disk=disk,
            front_up=self._front.state == process.READY,
            gateway_up=self._gateway.state == process.READY or self._gateway.lingers,
            servers=self._servers.described(),
            **self._models(),
        )

    def _models(self) -> Mapping[str, object]:
        """Of an endpoint whose models come and go: those of now."""
        if self._multi_model is None:
            return {}
        endpoint = self._multi_model.endpoint
        return {"models": endpoint.models, "ownership": endpoint.owned(self._condition.ownership)}

    def _note(self, **news: object) -> None:
        """Take something into the condition, and publish what follows from it."""
        self._condition = dataclasses.replace(self._condition, **news)  # type: ignore[arg-type]  # by name
        before = self._publisher.state
        try:
            self._publisher.publish(self._condition.state())
            self._unwritten = ""
        except OSError as error:  # no space left, perhaps, for as long as some large bodies are there
            if not self._unwritten:
                _log.error("the state could not be written: %s; it is tried again each second", error)
            self._unwritten = storage.refused(self._around.runtime, error)
        now = self._publisher.state
        if now.state != before.state:
            _log.info("state: %s%s", now.state, f" ({now.step})" if now.step else "")
        if now.serving and not self._condition.was_ready:
            self._condition = dataclasses.replace(self._condition, was_ready=True, step="", detail="")
            _log.info("serving on port %d", self._around.settings.bind_port)

    # --- the end

    def _end(self, word: str) -> None:
        if self._condition.ending:
            return
        self._servers.drop_queue()
        self._measuring.end()
        self._note(ending=word)
        if self._multi_model:
            self._multi_model.stop()
        if self._fetching:
            self._fetching.signal(signal.SIGTERM)
            self._loop.later(_QUICK_GRACE, self._stop_fetching)
        # nginx would go on counting those that a worker had when it was killed
        connections = functools.partial(machine.connections, self._around.settings.bind_port)
        parts = Parts(self._front, self._gateway, self._servers.processes, connections)
        if self._condition.was_ready:
            Drain(self._loop, parts, self._around.settings.drain_seconds, self._ended).begin()
        else:
            everyone = (parts.front, parts.gateway, *parts.servers)
            stop_together(everyone, signal.SIGTERM, _QUICK_GRACE, functools.partial(self._ended, False))

    def _stop_fetching(self) -> None:
        if self._fetching:
            self._fetching.kill_group()

    def _ended(self, lost: bool) -> None:
        if self._fetching:  # it takes its partial files along
            self._loop.later(0.05, functools.partial(self._ended, lost))
            return
        if lost:
            _log.error("the drain's time is over; requests in flight were given up")
        code = exitcodes.DRAIN_EXPIRED if lost else exitcodes.STOPPED
        self._loop.stop(self._failure.exit_code if self._failure else code)

    # --- the processes

    def _front_spec(self) -> Spec:
        runtime = self._around.runtime
        command: Command = front.command(
            runtime,
            self._around.environ,
            on_stdout=self._around.print_line,
            on_stderr=relay("nginx"),
            on_lost_worker=self._front_lost_a_worker,
        )
        return Spec(
            name="nginx",
            command=command,
            check=self._front_check,
            policy=self._policy(),
            start_seconds=20.0,
            before=functools.partial(front.before_start, self._around.settings, runtime),
            disk_fault=self._disk_fault,
        )

    def _front_lost_a_worker(self) -> None:
        self._lost_workers += 1
        around, pid = self._around, self._front.pid
        if self._condition.ending or pid is None:
            return
        if not front.count_anew(around.settings, around.runtime, pid, self._lost_workers):
            self._front.replace("one of its workers died, and what it had in flight counts for ever")

    def _disk_fault(self) -> str:
        return storage.fault(self._around.runtime)

    def _gateway_spec(self) -> Spec:
        around = self._around
        return Spec(
            name="gunicorn",
            command=gateway.command(around.root, around.runtime, around.environ),
            check=self._gateway_check,
            before=self._before_gateway,
            policy=self._policy(),
            disk_fault=self._disk_fault,
            others_serve=lambda: self._gateway.lingers,
        )

    def _before_gateway(self) -> None:
        self._former_socket = gateway.socket_stamp(self._around.runtime)

    def _gateway_check(self) -> Answer:
        # longer than any call may take: threads that all run into the deadline are busy, not hung
        patience = self._around.settings.deadline_seconds + 5 if self._condition.was_ready else 2.0
        gone = self._reached(self._gateway, gateway.SOCKETS)
        if gone or gateway.socket_stamp(self._around.runtime) == self._former_socket:
            return gone or Answer(ready=False)  # the workers of the gunicorn before would answer
        return gateway.alive(self._around.runtime, patience)

    def _front_check(self) -> Answer:
        return self._reached(self._front, [front.SOCKET]) or front.alive(self._around.runtime)

    def _reached(self, one: Process, sockets: Sequence[str]) -> Answer | None:
        """An answer for a process whose sockets were taken away: no other could ever come."""
        gone = one.state == process.READY and files.removed_socket(self._around.runtime, sockets)
        return Answer(ready=False, failed=gone) if gone else None

    def _policy(self) -> Policy:
        settings = self._around.settings
        return Policy(settings.start_attempts, settings.max_restarts, settings.restart_window_seconds)


def _or_error(look: Callable[[], Ground]) -> Ground | NeuronserveError:
    """What was found, or why not: for a thread, which has nobody to raise to."""
    try:
        return look()
    except NeuronserveError as error:
        return error
    except OSError as error:
        return DeviceFault(f"the Neuron devices could not be looked at: {error}")
