"""A simulated host, and simulated model servers on it as children of the test."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuronserve.simulator import control, host
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.ownership import holders
from tests.cpuservers import Server, wait_for


class Simulated(Server):
    """A server whose model is ``m``, in ``folder/m``; it ends with the test."""

    def __init__(self, pretended: SimulatedHost, folder: Path, *flags: str, rest: bool = False, **environ):
        self.host = pretended
        self.tag = environ.setdefault("NEURON_PROCESS_TAG", folder.name)
        folder.mkdir(exist_ok=True)
        model = (f"--model_base_path={folder.parent / 'm'}", "--model_name=m")
        super().__init__(
            folder,
            *(() if any(flag.startswith("--model_config_file") for flag in flags) else model),
            "--max_num_load_retries=0",
            *flags,
            rest=rest,
            module="neuronserve.simulator.server",
            environ={"SERVE_SIMULATE_HOST": str(pretended.folder), **environ},
        )

    def available(self) -> Simulated:
        self.wait_until("m", {1: "AVAILABLE"})
        return self

    @property
    def controlled(self) -> control.Server:
        return control.find(self.host, self.process.pid)

    def batches(self) -> dict[int, int]:
        return {core: stats.batches for core, stats in self.controlled.stats().items()}

    def kill(self) -> int:
        return self.stop(signal.SIGKILL)


class Simulation:
    """Starts servers on one host."""

    def __init__(self, folder: Path, instance_type: str = "inf1.xlarge") -> None:
        self.folder = folder
        self.model = folder / "m" / "1"
        self.host = host.create(folder / "host", instance_type)
        self._servers: list[Simulated] = []

    def start(self, name: str, cores: str = "", *flags: str, rest: bool = False, **environ: str) -> Simulated:
        if cores:
            environ["NEURON_RT_VISIBLE_CORES"] = cores
        server = Simulated(self.host, self.folder / name, *flags, rest=rest, **environ)
        self._servers.append(server)
        return server

    def owned(self) -> list[int]:
        return [core for core, holder in holders(self.host).items() if holder]

    def wait_until_owned(self, *cores: int) -> None:
        wait_for(lambda: self.owned() == list(cores), f"the owned cores are {cores}")

    def close(self) -> None:
        for server in self._servers:
            server.kill()
        shutil.rmtree(self.host.folder, ignore_errors=True)  # so that no keeper stays behind


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    """On an inf1.xlarge: one chip with four cores."""
    made = Simulation(tmp_path)
    try:
        yield made
    finally:
        made.close()
