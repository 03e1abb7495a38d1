"""How throughput and latency follow the number of NeuronCores, on simulated hosts.

A core sleeps for its service time, so what is measured is everything around it: nginx, the gateway, the
pool and its choice of servers. Two layouts: *copies* (one model server for each chip of four cores, with a
copy of the model on each) and *servers* (a model server for each core, for a model that is not duplicated).
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark import figures, load, simulated
from benchmark.simulated import Simulated
from neuronserve.errors import ModelServerError
from neuronserve.simulator import control

INSTANCE = "inf1.6xlarge"
CORES = (1, 2, 4, 8, 16)
SERVICE_MS = 100.0
LAYOUTS = {"copies": 4, "servers": 1}  # -> max_duplicates
LOAD = 0.7
SLOW = 3.0
CRASH_EVERY_SECONDS = 4.0
FASTER = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)  # service times of the search for the limit, in SERVICE_MS
_PER_CORE = 2  # connections: one is served, one waits
# threads for all connections of the widest case, also where there are few CPUs and so few workers
_SETTINGS = {"SAGEMAKER_GUNICORN_THREADS": "64", "SERVE_MAX_IN_FLIGHT": "512", "SERVE_CANARY_SECONDS": "0"}


def measure(seconds: float) -> dict[str, Any]:
    """All cases; ``seconds``: load of each. Times in ms, CPU in ms for each request."""
    found: dict[str, Any] = {"service_ms": SERVICE_MS, "scaling": [], "open": [], "slow": [], "crash": []}
    for layout in LAYOUTS:
        for cores in CORES:
            with _served(layout, cores) as service:
                found["scaling"].append({"layout": layout, **_scaled(service, seconds)})
                if cores != max(CORES):
                    continue
                found["open"].append({"layout": layout, **_open(service, 2 * seconds)})
                found["slow"].append({"layout": layout, **_slow(service, seconds)})
                if layout == "copies":
                    found["limit"] = _limit(service, seconds)
                found["crash"].append({"layout": layout, **_crash(service, 4 * seconds)})
    with _served("copies", max(CORES), {"SERVE_PLACEMENT": f"0-{max(CORES) - 1}"}) as service:
        found["one_server"] = _scaled(service, seconds, cores=max(CORES))
    return found


@contextmanager
def _served(layout: str, cores: int, settings: Mapping[str, str] | None = None) -> Iterator[Simulated]:
    more = {**_SETTINGS, "NEURON_RT_NUM_CORES": str(cores), **(settings or {})}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        saved = simulated.model(Path(folder) / "model", max_duplicates=LAYOUTS[layout])
        with simulated.served(saved, instance=INSTANCE, service_ms=SERVICE_MS, settings=more) as service:
            yield service


@dataclasses.dataclass
class Window:
    """What was spent in ``wall`` seconds of load: CPU seconds by kind of process, batches by core."""

    cpu: dict[str, float] = dataclasses.field(default_factory=dict)
    batches: dict[int, int] = dataclasses.field(default_factory=dict)
    wall: float = 0.0

    def cpu_ms(self, requests: int) -> dict[str, float]:
        each = max(1, requests)
        spent = {kind: round(seconds * 1e3 / each, 3) for kind, seconds in self.cpu.items()}
        return {"gateway": round(spent["nginx"] + spent["gunicorn"], 3), **spent}


@contextmanager
def window(service: Simulated) -> Iterator[Window]:
    """Filled in at its end; a server that came or went meanwhile counts only what its last process did."""
    cpu, batches, own = service.cpu_seconds(), service.batches(), time.process_time()
    seen = Window()
    began = time.monotonic()
    yield seen
    seen.wall = time.monotonic() - began
    seen.cpu = {kind: after - cpu[kind] for kind, after in service.cpu_seconds().items()}
    seen.cpu["load"] = time.process_time() - own
    seen.batches = {core: max(0, after - batches.get(core, 0)) for core, after in service.batches().items()}


def _scaled(
    service: Simulated,
    seconds: float,
    *,
    cores: int | None = None,
    factor: float = 1.0,
    each: int = _PER_CORE,
) -> dict[str, Any]:
    """Closed loop, ``each`` connections for a core; ``cores``: ideally busy; None: as many as copies."""
    cores = cores or service.copies
    ideal = cores / (service.service_seconds * factor)
    with window(service) as seen:
        outcome = load.closed(service.requests(), each * cores, seconds)
    return {
        "cores": cores, "service_ms": SERVICE_MS * factor, **_told(outcome, ideal),
        "fairness": figures.fairness(seen.batches.values()),
        "cpu_ms": seen.cpu_ms(round(sum(outcome.counts.values()) * seen.wall / seconds)),
        "cpus": round(sum(seen.cpu.values()) / seen.wall, 2),
    }  # fmt: skip


def _told(outcome: load.Outcome, ideal: float) -> dict[str, Any]:
    return {
        "ideal": ideal, "rate": outcome.rate, "share": outcome.rate / ideal, "errors": outcome.errors,
        "p50_ms": figures.percentile(outcome.latencies, 50) * 1e3,
        "p99_ms": figures.percentile(outcome.latencies, 99) * 1e3,
    }  # fmt: skip


def _open(service: Simulated, seconds: float) -> dict[str, Any]:
    """Poisson arrivals at 70 % of the capacity, beside what one queue and what drawing lots would do."""
    times = [service.service_seconds] * service.copies
    rate = LOAD * len(times) / service.service_seconds
    plan = figures.arrivals(rate, seconds, seed=3)
    outcome = load.planned(service.requests(), plan)
    ideals = {"one_queue": figures.one_queue(plan, times), "by_lot": figures.at_random(plan, times, seed=5)}
    return {
        **_told(outcome, rate),
        **{f"{name}_p99_ms": figures.percentile(taken, 99) * 1e3 for name, taken in ideals.items()},
    }


def _slow(service: Simulated, seconds: float) -> dict[str, Any]:
    """One core takes three times as long: the ideal is what is left; in turn, all would wait for it."""
    victim = control.servers(service.host)[-1]
    slow = victim.cores[-1]
    left = service.copies - 1 + 1 / SLOW
    victim.slow(slow, SLOW)
    with window(service) as seen:
        outcome = load.closed(service.requests(), _PER_CORE * service.copies, seconds, lead=1.0)
    victim.slow(slow, 1.0)
    others = [done for core, done in seen.batches.items() if core != slow]
    return {
        **_told(outcome, left / service.service_seconds),
        "in_turn_share": service.copies / SLOW / left,
        "fairness_of_others": figures.fairness(others),
        "slow_to_others": seen.batches[slow] * len(others) / max(1, sum(others)),
    }


def _crash(service: Simulated, seconds: float) -> dict[str, Any]:
    """A server crashes every few seconds, in turn: what clients see, and how long cores were gone."""
    over, watch = threading.Event(), _Watch(service)
    crashes = threading.Thread(target=_crashing, args=(service, over))
    crashes.start()
    try:
        with watch.running():
            outcome = load.closed(service.requests(), _PER_CORE * service.copies, seconds)
    finally:
        over.set()
        crashes.join()
    up = 1 - watch.lost / max(1, watch.samples * service.copies)
    told = _told(outcome, service.copies / service.service_seconds)
    return {**told, "up": up, "share_of_up": told["share"] / up, "crashes": watch.restarts()}


def _crashing(service: Simulated, over: threading.Event) -> None:
    turn = 0
    while not over.wait(CRASH_EVERY_SECONDS if turn else CRASH_EVERY_SECONDS / 4):
        found = control.servers(service.host)
        try:
            found[turn % len(found)].crash()
        except (ModelServerError, IndexError):
            continue  # it is being started: the next one's turn is soon
        finally:
            turn += 1


class _Watch:
    """How many copies were not up, sampled while a load runs."""

    def __init__(self, service: Simulated) -> None:
        self._service = service
        self._before = 0
        self._before = self.restarts()
        self.samples = self.lost = 0

    def restarts(self) -> int:
        """Since this watch was made."""
        return sum(server.restarts for server in self._service.state.servers) - self._before

    @contextmanager
    def running(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._sample, args=(over.wait,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _sample(self, over: Callable[[float], bool]) -> None:
        while not over(0.1):
            self.samples += 1
            self.lost += sum(s.copies for s in self._service.state.servers if s.state != "ready")


def _limit(service: Simulated, seconds: float) -> dict[str, Any]:
    """Ever shorter service times until the ideal is not reached: that is where CPUs are the limit."""
    steps = []
    for factor in FASTER:
        service.retime(factor)
        steps.append(_scaled(service, seconds, factor=factor, each=2 * _PER_CORE))
    service.retime(1.0)
    reached = [step["rate"] for step in steps if step["share"] >= 0.95]
    fastest = max(steps, key=lambda step: step["rate"])
    return {
        "steps": steps,
        "reached_rate": max(reached, default=math.nan),
        "most_rate": fastest["rate"],
        "gateway_rate_per_cpu": 1e3 / fastest["cpu_ms"]["gateway"],
    }
