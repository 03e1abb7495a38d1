"""Prometheus metrics, right with several workers: each worker writes files, ``/metrics`` adds them up.

They are named by the worker's row on the board: the successor of a worker that died counts on in its files,
so that nothing is left behind by a death, and no counter goes back.

``prometheus_client`` decides at its import whether it works with several processes, by the variable
``PROMETHEUS_MULTIPROC_DIR``. Here it is told outright, so that nothing depends on who imports it first.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve.gateway.gauges import Gauges
from neuronserve.modelserver.pool import Server
from neuronserve.payload.batches import Split

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_OF_SERVER = ("server", "cores")
_BATCH_ROWS = {
    "rows": "Rows of requests that were sent in compiled batches",
    "capacity_rows": "Rows that these batches had room for",
    "padding_rows": "Rows that were added to fill them",
}

_ANY = "*"  # no model is called that
_BEFORE_FORK = "master"

_log = logging.getLogger("neuronserve.gateway")


class Metrics:
    """What the requests of all workers came to, and how the service is.

    ``per_model``: requests are counted for each model. Not where models come and go, for a name that was
    counted once stays in the workers' files for good: there all count as ``*``, and the log tells which.
    """

    def __init__(self, folder: Path, gauges: Gauges, *, per_model: bool = True) -> None:
        folder.mkdir(exist_ok=True)
        self._row = _BEFORE_FORK
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        import prometheus_client as prometheus
        from prometheus_client import values

        from neuronserve.gateway import reserved

        reserved.install()
        values.ValueClass = values.MultiProcessValue(lambda: self._row)
        self._folder = folder
        self._gauges = gauges
        self._per_model = per_model
        self._requests = prometheus.Counter(
            "neuronserve_requests", "Invocations answered", ["model", "status"], registry=None
        )
        self._seconds = prometheus.Histogram(
            "neuronserve_request_seconds", "From arrival to answer", registry=None, buckets=_SECONDS
        )
        self._bytes = prometheus.Counter(
            "neuronserve_request_bytes", "Bytes of bodies", ["direction"], registry=None
        )
        self._calls = prometheus.Histogram(
            "neuronserve_model_server_seconds",
            "Calls to a model server, from sending to its answer or error",
            _OF_SERVER,
            registry=None,
            buckets=_SECONDS,
        )
        self._errors = prometheus.Counter(
            "neuronserve_model_server_errors", "Calls that failed", [*_OF_SERVER, "code"], registry=None
        )
        self._changes = prometheus.Counter(
            "neuronserve_model_changes",
            "Loads and unloads asked for; code: the error's word",
            ["action", "code"],
            registry=None,
        )
        self._overruns = prometheus.Counter(
            "neuronserve_handler_overruns", "Handlers of models that ran over their time", registry=None
        )
        self._rows = [
            prometheus.Counter(f"neuronserve_batch_{name}", told, _OF_SERVER, registry=None)
            for name, told in _BATCH_ROWS.items()
        ]
        self._of: dict[int, _OfServer] = {}
        self._in, self._out = self._bytes.labels("in"), self._bytes.labels("out")
        self._counters: dict[tuple[str, str], Any] = {}

    def enter(self, row: int) -> None:
        """Count as the worker with this row on the board, which no other one that lives has.

        The files' space is taken now: when there is something to count, the disk may be full.
        """
        from neuronserve.gateway import reserved

        self._row = str(row)
        for kind in ("counter", "histogram"):
            reserved.reserve(self._folder / f"{kind}_{row}.db")

    def observe(self, model: str, status: str, seconds: float, sizes: tuple[int, int]) -> None:
        """One request; ``sizes``: bytes in and out. The log has its stages, ``called`` the servers' part."""
        if model and not self._per_model:
            model = _ANY
        counter = self._counters.get((model, status))
        if counter is None:
            counter = self._counters[model, status] = self._requests.labels(model, status)
        counter.inc()
        self._in.inc(sizes[0])
        self._out.inc(sizes[1])
        self._seconds.observe(seconds)

    def called(self, server: Server, code: str, seconds: float) -> None:
        """One call to a model server; ``code``: the error's word, empty for none."""
        of = self._of.get(server.index)
        try:
            if of is None or of.cores != server.cores:
                of = self._of[server.index] = self._made(server)
            of.seconds.observe(seconds)
            if code:
                if code not in of.errors:
                    of.errors[code] = self._errors.labels(server.index, server.cores, code)
                of.errors[code].inc()
        except OSError as error:  # a full disk must not fail the call
            _log.error("a call of model server %s was not counted: %s", server.index, error)

    def changed(self, action: str, code: str) -> None:
        """One ``load`` or ``unload``; ``code``: the error's word, empty for none."""
        self._changes.labels(action, code).inc()

    def overran(self) -> None:
        """A handler of a model goes on after its request has ended."""
        self._overruns.inc()

    def filled(self, split: Split, asked: Mapping[int, int]) -> None:
        """The batches of one request. ``asked``: part -> the model server it went to."""
        last = len(split.parts) - 1
        rows: dict[int, int] = {}
        for part, server in asked.items():
            rows[server] = rows.get(server, 0) + split.parts.size(part)
        for server, room in rows.items():
            of = self._of.get(server)
            if of is None:
                continue
            padding = split.padding if asked.get(last) == server else 0
            of.rows.inc(room - padding)
            of.room.inc(room)
            if padding:
                of.padding.inc(padding)

    def _made(self, server: Server) -> _OfServer:
        labels = (str(server.index), server.cores)
        return _OfServer(
            server.cores, self._calls.labels(*labels), [family.labels(*labels) for family in self._rows]
        )

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        if self._folder.is_dir():  # nobody removed it
            MultiProcessCollector(registry, path=str(self._folder))
        registry.register(self._gauges)
        text: bytes = generate_latest(registry)
        return text


class _OfServer:
    """One model server's metrics, their labels looked up once."""

    def __init__(self, cores: str, seconds: Any, rows: Sequence[Any]) -> None:
        self.cores = cores
        self.seconds = seconds
        self.rows, self.room, self.padding = rows
        self.errors: dict[str, Any] = {}
