"""NeuronCores, real ones and simulated ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_CORES = "NeuronCores"
_SIMULATOR = "The simulated Neuron host"


@dataclasses.dataclass(frozen=True)
class Cores:
    # A table: a few lines for each variable.
    # fmt: off
    instance_type: str | None = variable(
        "SERVE_INSTANCE_TYPE", read.instance_type, "", group=_CORES,
        meaning="the EC2 instance type, for what the driver does not tell; not set: as the driver tells",
    )
    visible_cores: tuple[int, int] | None = variable(
        "NEURON_RT_VISIBLE_CORES", read.core_range, "", unit="cores", group=_CORES,
        meaning="the cores to use, such as `0-3`; not set: all of the chips given; wins over "
        "`NEURON_RT_NUM_CORES`",
    )
    num_cores: int | None = variable(
        "NEURON_RT_NUM_CORES", read.integer(0, 4096), "", unit="cores", group=_CORES,
        meaning="how many cores to use, the first ones; not set or 0: all",
    )
    core_offset: int = variable(
        "SERVE_CORE_OFFSET", read.integer(0, 4096), "0", unit="cores", group=_CORES,
        meaning="the number of the first core of the first chip given; 0 where the driver counts "
        "within the container",
    )
    placement: tuple[tuple[str, int, int], ...] | None = variable(
        "SERVE_PLACEMENT", read.placement, "", unit="cores", group=_CORES,
        meaning="which model server owns which cores: `resnet=0-3,bert=4-7`, or `0-1,2-3` for one model; "
        "not set: planned",
    )
    cores_wait_seconds: float = variable(
        "SERVE_CORES_WAIT_SECONDS", read.number(0, 3600), "60", unit="s", group=_CORES,
        meaning="how long a model server waits for cores that another process still holds",
    )
    devices_dir: Path = variable(
        "SERVE_DEVICES_DIR", read.path, "/dev", group=_CORES,
        meaning="where the `neuronN` devices are",
    )
    sysfs_dir: Path = variable(
        "SERVE_SYSFS_DIR", read.path, "/sys", group=_CORES,
        meaning="where the driver describes its chips",
    )
    # fmt: on


@dataclasses.dataclass(frozen=True)
class Simulator:
    # A table: a few lines for each variable.
    # fmt: off
    simulate: str | None = variable(
        "SERVE_SIMULATE", read.instance_type, "", group=_SIMULATOR,
        meaning="the instance type to pretend to be; with `MODEL_SERVER=simulator`, or alone",
    )
    simulate_load_seconds: float = variable(
        "SERVE_SIMULATE_LOAD_SECONDS", read.number(0, 3600), "0", unit="s", group=_SIMULATOR,
        meaning="how much longer loading a model takes",
    )
    simulate_service_ms: float = variable(
        "SERVE_SIMULATE_SERVICE_MS", read.number(0, 3600_000), "0", unit="ms", group=_SIMULATOR,
        meaning="how long one batch occupies a core",
    )
    simulate_free_seconds: float = variable(
        "SERVE_SIMULATE_FREE_SECONDS", read.number(0, 3600), "0", unit="s", group=_SIMULATOR,
        meaning="how long the cores of a process that ended stay taken",
    )
    # fmt: on
