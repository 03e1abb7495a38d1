"""The real ``./serve`` on a simulated Neuron host, with what its cores did and commands to spoil them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmark.load import Request
from neuronserve import state as states
from neuronserve.messages import graph_pb2
from neuronserve.simulator import control, host, sample
from neuronserve.simulator.host import SimulatedHost

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120
_OURS = ("MODEL_", "SERVE_", "SAGEMAKER_", "NEURON_", "COMPILATION_JOB")


@dataclass(frozen=True)
class Simulated:
    """A service that is ready with all its model servers. ``service_seconds``: of one batch on a core."""

    port: int
    process: psutil.Process
    runtime: Path
    service_seconds: float

    @property
    def host(self) -> SimulatedHost:
        return host.attach(self.runtime / "neuron-host")

    @property
    def state(self) -> states.State:
        return states.Reader(self.runtime / "state.json").current()

    @property
    def copies(self) -> int:
        """Batches that all servers run at the same time."""
        return sum(server.copies for server in self.state.servers)

    def batches(self) -> dict[int, int]:
        """By core of the host, how many batches its present owner ran there; cores without owner left out."""
        return {core: stats.batches for core, stats in control.stats(self.host).items() if stats.tag}

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time so far of ``nginx``, ``gunicorn``, ``servers`` and ``serve``, of processes that live."""
        spent = dict.fromkeys(("nginx", "gunicorn", "servers", "serve"), 0.0)
        for process in (self.process, *self.process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent[_kind(process, self.process)] += times.user + times.system
        return spent

    def requests(self, count: int = 64) -> list[Request]:
        """Of one row each, all different, so that rows that were mixed up show as wrong answers."""
        return [
            Request(
                self.port,
                b'{"instances":[[%d,1,5]]}' % k,
                b'{"predictions":[[%d.0,2.0,10.0]]}' % (2 * k),
            )
            for k in range(count)
        ]

    def retime(self, factor: float) -> None:
        """All cores take ``factor`` times their service time from now on."""
        for server in control.servers(self.host):
            for core in server.cores:
                server.slow(core, factor)

    def wait_ready(self, log: Path, seconds: float = READY_SECONDS) -> None:
        """Until every model server is up; ends the program with the service's log when one never is."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.state
            if now.state == states.READY and all(s.state == "ready" for s in now.servers):
                return
            if not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE:
                sys.exit(f"./serve ended:\n{log.read_text()[-3000:]}")
            if time.monotonic() > deadline:
                sys.exit(f"./serve was not ready in {seconds:g} s:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)


def _kind(process: psutil.Process, serve: psutil.Process) -> str:
    if process == serve:
        return "serve"
    words = " ".join(process.cmdline())
    for kind, mark in (("servers", "--grpc_socket_path="), ("gunicorn", "gunicorn"), ("nginx", "nginx")):
        if mark in words:
            return kind
    return "serve"


@contextlib.contextmanager
def served(
    saved: Path,
    *,
    instance: str,
    service_ms: float,
    settings: Mapping[str, str] | None = None,
    program: Path = ROOT / "serve",
) -> Iterator[Simulated]:
    """Serve the model ``saved`` on a simulated ``instance`` where a batch takes ``service_ms`` on a core."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        socket.create_server(("127.0.0.1", 0)) as probe,
    ):
        folder, port = Path(name), int(probe.getsockname()[1])
        probe.close()
        folder.chmod(0o755)  # nginx, started by root, reads the state as another user
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        environ = {
            **kept, "MODEL_URI": str(saved), "MODEL_NAME": "model", "SERVE_SIMULATE": instance,
            "SERVE_SIMULATE_SERVICE_MS": f"{service_ms:g}", "SERVE_RUNTIME_DIR": str(folder / "run"),
            "SERVE_LOG_LEVEL": "warning", "SERVE_REQUEST_LOG": "false", "SERVE_DRAIN_SECONDS": "5",
            "SAGEMAKER_BIND_TO_PORT": str(port), **(settings or {}),
        }  # fmt: skip
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(program)], env=environ, stdout=output, stderr=output
            )
        try:
            service = Simulated(port, psutil.Process(process.pid), folder / "run", service_ms / 1000)
            service.wait_ready(log)
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def model(
    folder: Path, *, batch: int = 1, dynamic: bool = True, max_duplicates: int = 4, factor: float = 2
) -> Path:
    """A compiled model ``y = factor x`` of rows of 3 floats, version 1 below ``folder``; returns ``folder``.

    ``batch`` rows were compiled; ``dynamic``: any number of them is taken. ``max_duplicates``: copies that
    one process places; 1 makes a model server for each core.
    """
    rows = -1 if dynamic else batch
    graph = graph_pb2.GraphDef(
        node=[
            sample.placeholder("x0/_0", batch, 3),
            sample.constant("weights", factor * np.eye(3)),
            sample.node(
                "dense", "MatMul", "x0/_0", "weights", T=sample.FLOAT, transpose_a=False, transpose_b=False
            ),
        ]
    )
    op = sample.neuron_op(
        "neuron_op", graph, ["x"], [("x0/_0:0", (batch, 3))], [("dense:0", (batch, 3))],
        batch_axis=0 if dynamic else -1, executable=sample.neff(), model_config=(1, 1, max_duplicates, 10),
    )  # fmt: skip
    saved = sample.saved_model(
        [sample.placeholder("x", rows, 3), op, sample.identity("y", "neuron_op")],
        {"x": "x:0"},
        {"y": "y:0"},
        shapes={"x": (rows, 3), "y": (rows, 3)},
    )
    sample.write(saved, folder / "1")
    return folder
