"""How things are at the moment somebody asks: the service, its model servers, its NeuronCores.

From the supervisor's state, from the board, and from ``neuron.json``, where the supervisor leaves what the
driver tells (``neuron/usage.py``, as ``Usage.as_dict``).
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.modelserver.board import Board
from neuronserve.neuron.usage import Usage
from neuronserve.state import DEGRADED, DRAINING, FAILED, READY, STARTING, Reader, Server

_OF_SERVER = ["server", "cores"]

_log = logging.getLogger("neuronserve.gateway")


@dataclasses.dataclass(frozen=True)
class Gauges:
    """A collector for prometheus_client."""

    state: Reader
    board: Board
    neuron: Path

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        now = self.state.current()
        service = GaugeMetricFamily(
            "neuronserve_state", "1 for the state the service is in", labels=["state"]
        )
        for word in (STARTING, READY, DEGRADED, DRAINING, FAILED):
            service.add_metric([word], 1.0 if now.state == word else 0.0)
        yield service
        yield GaugeMetricFamily(
            "neuronserve_simulated", "1 where the NeuronCores are pretended", float(now.simulated)
        )
        yield GaugeMetricFamily("neuronserve_models", "Models that are loaded", float(len(now.models)))
        yield from self._servers(now.servers)
        yield from self._cores()

    def _servers(self, servers: tuple[Server, ...]) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        name = "neuronserve_model_server"
        up = GaugeMetricFamily(f"{name}_up", "Whether it is ready", labels=_OF_SERVER)
        restarts = CounterMetricFamily(f"{name}_restarts", "Times it was started again", labels=_OF_SERVER)
        flying = GaugeMetricFamily(f"{name}_in_flight", "Calls that it owes an answer", labels=_OF_SERVER)
        ejected = GaugeMetricFamily(
            f"{name}_ejected", "Whether it gets no calls because it failed", labels=_OF_SERVER
        )
        for server in servers:
            labels = [str(server.index), server.cores]
            up.add_metric(labels, 1.0 if server.state == READY else 0.0)
            restarts.add_metric(labels, server.restarts)
            flying.add_metric(labels, self.board.in_flight(server.index))
            ejected.add_metric(labels, 1.0 if self.board.ejected(server.index) else 0.0)
        yield from (up, restarts, flying, ejected)

    def _cores(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        usage = self._usage()
        if usage is None:
            return
        used = GaugeMetricFamily(
            "neuronserve_neuroncore_utilization", "Part of the time that it works, 0 to 1", labels=["core"]
        )
        of_core = GaugeMetricFamily(
            "neuronserve_neuroncore_memory_bytes", "Memory that it uses of its chip", labels=["core"]
        )
        of_process = GaugeMetricFamily(
            "neuronserve_neuron_memory_bytes",
            "Memory that a process uses, of the chips or of the host",
            labels=["process", "where"],
        )
        for core in usage.cores:
            _add(used, [str(core.core)], core.utilisation)
            _add(of_core, [str(core.core)], core.device_bytes)
        for runtime in usage.runtimes:
            process = runtime.tag or str(runtime.pid)
            _add(of_process, [process, "device"], runtime.device_bytes)
            _add(of_process, [process, "host"], runtime.host_bytes)
        yield from (used, of_core, of_process)

    def _usage(self) -> Usage | None:
        try:
            return Usage.from_dict(json.loads(self.neuron.read_bytes()))
        except FileNotFoundError:  # no Neuron host, or no measurement yet
            return None
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("%s cannot be read: %r", self.neuron.name, error)
            return None


def _add(family: Any, labels: list[str], value: float | None) -> None:
    if value is not None:  # not told
        family.add_metric(labels, value)
