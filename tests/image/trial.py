"""run-local as a process with a real engine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from neuronserve.deploy.ecs.local.plan import LABEL

ROOT = Path(__file__).resolve().parents[2]


class Trial:
    """``run-local`` with some definitions; what it printed is in ``out`` and ``err``."""

    def __init__(self, folder, engine):
        self.family = f"try{os.getpid()}"
        self._folder, self._engine = folder, engine
        self.process = None

    def start(self, requests, *options, **environ):
        file = self._folder / "tasks.json"
        file.write_text(json.dumps(requests))
        with (self._folder / "out").open("w") as out, (self._folder / "err").open("w") as err:
            self.process = subprocess.Popen(
                [ROOT / "scripts" / "ecs", "run-local", file, *options],
                env={**os.environ, "CONTAINER_ENGINE": self._engine.program, **environ}, cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        return self

    def out(self):
        return (self._folder / "out").read_text()

    def err(self):
        return (self._folder / "err").read_text()

    def wait_for(self, what, look, seconds=240):
        end = time.monotonic() + seconds
        while not look():
            assert self.process.poll() is None, f"ended before {what}: {self.err()}"
            assert time.monotonic() < end, f"no {what}: {self.err()}"
            time.sleep(0.1)

    def urls(self, count):
        """Task -> port on this machine, once all are ready."""
        self.wait_for(f"{count} ready tasks", lambda: self.out().count("\n") == count)
        lines = [line.split() for line in self.out().splitlines()]
        return {name: int(url.rpartition(":")[2]) for name, url in lines}

    def containers(self):
        """Names of the containers of this trial."""
        names = self._engine(
            "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}"
        ).stdout.split()
        return [name for name in names if self.family in name]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


def free_ports(count):
    """The first of so many in a row, below those that are given out by the system."""
    for first in range(20_000 + os.getpid() % 5_000, 32_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")
