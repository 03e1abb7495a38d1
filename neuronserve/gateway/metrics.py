"""Prometheus metrics, right with several workers: each worker writes a file, ``/metrics`` adds them up.

``prometheus_client`` decides at its import whether it works with several processes, by the variable
``PROMETHEUS_MULTIPROC_DIR``. Here it is told outright, so that nothing depends on who imports it first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.state import DEGRADED, DRAINING, FAILED, READY, STARTING, Reader

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """What the requests of all workers came to, and how the service is."""

    def __init__(self, folder: Path, state: Reader) -> None:
        folder.mkdir(exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        import prometheus_client as prometheus
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue()
        self._folder = folder
        self._state = state
        self._requests = prometheus.Counter(
            "neuronserve_requests", "Invocations answered", ["model", "status"], registry=None
        )
        self._seconds = prometheus.Histogram(
            "neuronserve_request_seconds",
            "From arrival to answer",
            ["stage"],
            registry=None,
            buckets=_SECONDS,
        )
        self._bytes = prometheus.Counter(
            "neuronserve_request_bytes", "Bytes of bodies", ["direction"], registry=None
        )
        self._stages = [self._seconds.labels(s) for s in ("all", "model")]
        self._in, self._out = self._bytes.labels("in"), self._bytes.labels("out")
        self._counters: dict[tuple[str, str], Any] = {}

    def observe(self, model: str, status: str, seconds: tuple[float, float], sizes: tuple[int, int]) -> None:
        """One request: total and model seconds; bytes in and out. The log has the other stages."""
        counter = self._counters.get((model, status))
        if counter is None:
            counter = self._counters[model, status] = self._requests.labels(model, status)
        counter.inc()
        self._in.inc(sizes[0])
        self._out.inc(sizes[1])
        for stage, value in zip(self._stages, seconds, strict=True):
            if value:
                stage.observe(value)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._folder))
        registry.register(_Now(self._state))
        text: bytes = generate_latest(registry)
        return text


class _Now:
    """What the supervisor knows, read when asked."""

    def __init__(self, state: Reader) -> None:
        self._reader = state

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        now = self._reader.current()
        service = GaugeMetricFamily(
            "neuronserve_state", "1 for the state the service is in", labels=["state"]
        )
        for word in (STARTING, READY, DEGRADED, DRAINING, FAILED):
            service.add_metric([word], 1.0 if now.state == word else 0.0)
        yield service
        up = GaugeMetricFamily("neuronserve_model_server_up", "Whether it is ready", labels=["server"])
        restarts = CounterMetricFamily(
            "neuronserve_model_server_restarts", "Times it was started again", labels=["server"]
        )
        for server in now.servers:
            up.add_metric([str(server.index)], 1.0 if server.state == READY else 0.0)
            restarts.add_metric([str(server.index)], server.restarts)
        yield up
        yield restarts


def forget(folder: Path, pid: int) -> None:
    """A worker died: its live gauges count no more."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(pid, path=str(folder))
