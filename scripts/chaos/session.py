"""A whole run: the service, its clients, the injections, the stop under load, and the account of it."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from chaos import place, processes, sampling, schedule, world
from chaos.answers import Answer, Ledger, Window
from chaos.clients import Plan, heard
from chaos.companions import Companion
from chaos.inject import Chaos
from chaos.injections.churn import Churn, load_now
from chaos.limits import Account, Allowed, Ending, Injection, Usage, grown
from chaos.processes import Family
from chaos.sampling import Sampler
from chaos.scene import Scene, wait
from chaos.schedule import MODELS
from chaos.stall import Host
from demo import service
from demo.failure import DemoError
from demo.screen import Tell

_WARM_SECONDS = 3.0
_SETTLE_SECONDS = 45.0  # longer than nginx keeps an idle connection to the gateway
_GONE_SECONDS = 5.0
_EXPECTED = {"lock"}  # what stays in a runtime folder that was there before the service


@dataclasses.dataclass(frozen=True)
class Order:
    """What the person asked for. ``memory``: bytes of RSS that the service may take."""

    seconds: float
    seed: int
    names: tuple[str, ...]
    world: world.Wanted
    clients: int = 8
    rate: float = 80.0
    memory: int = 6 << 30
    progress: float = 60.0
    log: Path | None = None  # where the service's own log is kept


@dataclasses.dataclass
class Run:
    """What a report shows beside the account."""

    order: Order
    settings: tuple[str, ...]
    ledger: Ledger
    host: Host
    began: float = dataclasses.field(default_factory=time.monotonic)
    seconds: float = 0.0
    late: float = 0.0  # the longest time that the load itself was late by
    peak_rss: int = 0
    walks: int = 0
    claims: int = 0
    churn: dict[str, int] = dataclasses.field(default_factory=dict)
    account: Account | None = None

    def hear(self, line: str) -> None:
        said = heard(line)
        if isinstance(said, Answer):
            self.ledger.add(said)
        else:
            self.late = max(self.late, said[1] - said[0])


@dataclasses.dataclass(frozen=True)
class Voices:
    """Who is told: of a start's steps, of each injection that was done, and from time to time of all."""

    starting: Tell
    injected: Callable[[Injection], None]
    progress: Callable[[Run, Chaos, Usage], None]


def run(order: Order, voices: Voices) -> Run:
    """Raises DemoError when the service does not even start."""
    with place.made() as here:
        made = world.prepared(order.world, here)
        port = service.free_port(0)
        run_ = Run(order, made.told, Ledger(), Host())
        with _serving(port, made, here) as serving:
            serving.wait_ready(voices.starting)
            scene = Scene(
                port,
                Family(serving.process.pid, here.runtime),
                here,
                run_.ledger,
                made.targets,
                made.settings.deadline_seconds,
                made.settings.max_in_flight,
                made.settings.max_body_bytes,
            )
            try:
                _through(run_, scene, serving, voices)
            finally:
                scene.family.now()
                if serving.process.poll() is not None:
                    scene.family.kill()
                if order.log:
                    shutil.copyfile(here.log, order.log)
        return run_


@contextlib.contextmanager
def _serving(port: int, made: world.World, here: place.Place) -> Iterator[service.Service]:
    """As ``demo.service`` has it; how it ended is for the account, not for an exception."""
    started = False
    try:
        with service.running(port, made.environ, here.log) as serving:
            yield serving
            started = True
    except DemoError:
        if not started:
            raise


def _through(run_: Run, scene: Scene, serving: service.Service, voices: Voices) -> None:
    order = run_.order
    watch = Companion("chaos.stall", (), run_.host.hear)
    chaos = Chaos(scene, run_.host, {})
    wait(lambda: _all_ready(scene), service.READY_SECONDS)
    if order.world.multi_model:
        for target in scene.targets:
            load_now(scene, target)
    chaos.usual = processes.counted(scene.family.parts())
    plan = Plan(scene.port, order.clients, order.rate, scene.patience, scene.targets)
    load = Companion("chaos.clients", (plan.to_json(),), run_.hear)
    time.sleep(_WARM_SECONDS)  # threads, connections and code that come with the first requests are no growth
    before = sampling.usage(scene.family, scene.place)
    tell = lambda: voices.progress(run_, chaos, sampling.usage(scene.family, scene.place))
    sampler = Sampler(scene.family, scene.peak, order.memory, tell, order.progress)
    churn = Churn(scene, order.seed) if order.world.multi_model and MODELS in order.names else None
    sampler.start()
    if churn:
        churn.start()
    try:
        _injections(order, chaos, lambda: serving.process.poll() is None and load.runs, voices)
    finally:
        if churn:
            churn.end()
            run_.churn = dict(churn.counts)
            sampler.guarded += churn.faults
        after = _settled(scene, before)
        sampler.end()
        if not load.runs:
            sampler.guarded.append("the load ended by itself: what followed was not seen")
        ending = _stopped(scene, serving, chaos)
        load.end(scene.patience + 10)
        watch.end(5)
    run_.seconds = time.monotonic() - run_.began
    run_.peak_rss, run_.walks, run_.claims = scene.peak.all, sampler.walks, sampler.claims
    run_.account = Account(
        failures=run_.ledger.failures,
        compared=run_.ledger.counts["right"] + run_.ledger.counts["wrong"],
        injections=chaos.done,
        fronts=chaos.fronts,
        before=before,
        after=after,
        ending=ending,
        doubled=sorted(sampler.doubled),
        guarded=sampler.guarded,
    )


def _all_ready(scene: Scene) -> bool:
    state = scene.state()
    return state.serving and all(server.state == "ready" for server in state.servers)


def _injections(order: Order, chaos: Chaos, running: Callable[[], bool], voices: Voices) -> None:
    """Until the time is over, the service has ended by itself, or Ctrl-C."""
    end = time.monotonic() + order.seconds
    with contextlib.suppress(KeyboardInterrupt):
        for step in schedule.steps(order.names, order.seed):
            time.sleep(min(step.pause, max(0.0, end - time.monotonic())))
            if time.monotonic() >= end or not running():
                return
            voices.injected(chaos.inject(step))
        time.sleep(max(0.0, end - time.monotonic()))  # nothing to inject


def _settled(scene: Scene, before: Usage) -> Usage:
    """What it holds after some time in which idle things are given up; as soon as that is little enough."""
    found: list[Usage] = []

    def as_before() -> bool:
        found.append(sampling.usage(scene.family, scene.place))
        return not grown(before, found[-1], Allowed())

    wait(as_before, _SETTLE_SECONDS, poll=1.0)
    return found[-1]


def _stopped(scene: Scene, serving: service.Service, chaos: Chaos) -> Ending:
    """SIGTERM while the clients go on; then what is left."""
    if serving.process.poll() is not None:
        chaos.fronts.append(Window(0.0, math.inf))  # one fault is enough to tell
        return Ending(exit_code=serving.process.returncode, ended=_last_words(serving))
    scene.family.now()
    began = time.monotonic()
    chaos.fronts.append(Window(began, math.inf))
    try:
        code = serving.stop()
    except DemoError as error:
        return Ending(ended=str(error))
    took = time.monotonic() - began
    wait(lambda: not scene.family.left(), _GONE_SECONDS)
    return Ending(code, took, tuple(scene.family.left()), tuple(_left_files(scene.place)))


def _last_words(serving: service.Service) -> str:
    return f"exit code {serving.process.returncode}; {serving.log().strip()[-600:]}"


def _left_files(here: place.Place) -> list[str]:
    found = [path for where in (here.runtime, here.temporary) for path in place.below(where)]
    return [str(path.relative_to(here.folder)) for path in found if path.name not in _EXPECTED]


def interrupt_on_term() -> None:
    """SIGTERM is as Ctrl-C: the run ends early, in order."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
