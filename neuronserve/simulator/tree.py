"""The files of a simulated Neuron host: device nodes, and what the driver shows of its chips.

Shaped after the driver's sysfs (AWS Neuron documentation, "Neuron Sysfs User Guide"): ``core_count`` has mode
0400 and no newline; sysfs shows all chips of the host, whatever a container was given.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from neuronserve.generation import Generation
from neuronserve.instances import InstanceType
from neuronserve.neuron.told import PHYSICAL_PER_CORE, family_of

# The last driver that serves Inf1; the suffix keeps it from being taken for a real one.
DRIVER_VERSION = "2.24.0.0-simulated"

# (arch_type, device_name) of a chip; arch_type tells Inf2 and Trn2 not apart, as in the driver
_CHIPS = {
    "Inf1": ("NDv1", "Inferentia"),
    "Inf2": ("NDv3", "Inferentia2"),
    "Trn1": ("NDv2", "Trainium1"),
    "Trn2": ("NDv3", "Trainium2"),
}
_CORES = {Generation.V1: "NCv1", Generation.V2: "NCv2", Generation.V3: "NCv3"}
_COUNTERS = (
    *(
        f"status/{name}"
        for name in (
            "success", "failure", "generic_fail", "timeout", "hw_error", "exec_bad_input",
            "infer_completed_with_error", "infer_completed_with_num_error", "infer_failed_to_queue",
            "invalid_error", "resource_error", "resource_nc_error", "unsupported_neff_version",
        )
    ),
    *(
        f"other_info/{name}"
        for name in (
            "flop_count", "inference_count", "model_load_count", "reset_fail_count", "reset_req_count",
        )
    ),
)  # fmt: skip
_MEMORIES = ("memory_usage/device_mem", "memory_usage/host_mem")


def add_device(folder: Path, number: int) -> None:
    """Make ``neuron<number>``: a node of the null device, or a link to it where nodes may not be made."""
    path = folder / f"neuron{number}"
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        path.chmod(0o666)  # past the umask: the driver makes its nodes so
        if not _opens(path):  # a file system mounted with nodev
            path.unlink()
            path.symlink_to(os.devnull)
    except PermissionError:
        path.symlink_to(os.devnull)


def _opens(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def add_sysfs(root: Path, instance: InstanceType) -> None:
    """Write ``devices/virtual/neuron_device``, ``class/neuron_device`` and ``module/neuron`` in ``root``."""
    devices, names = root / "devices/virtual/neuron_device", root / "class/neuron_device"
    names.mkdir(parents=True)
    for index in range(instance.chips):
        for path, content, mode in _chip(index, instance):
            file = devices / f"neuron{index}" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(mode)
        (names / f"neuron{index}").symlink_to(f"../../devices/virtual/neuron_device/neuron{index}")
    version = root / "module/neuron/version"
    version.parent.mkdir(parents=True)
    version.write_text(f"{DRIVER_VERSION}\n")


def _chip(index: int, instance: InstanceType) -> Iterator[tuple[str, str, int]]:
    """Each file of a chip: path, content, mode."""
    family = family_of(instance.name)
    arch, device = _CHIPS[family]
    physical = instance.cores * PHYSICAL_PER_CORE.get(instance.generation, 1)
    yield "core_count", str(physical), 0o400
    yield "connected_devices", f"{', '.join(map(str, _neighbours(index, instance.chips)))}\n", 0o444
    for name, value in (("arch_type", arch), ("instance_type", family), ("device_name", device)):
        yield f"info/architecture/{name}", f"{value}\n", 0o444
    for core in range(physical):
        at = f"neuron_core{core}"
        yield f"{at}/info/architecture/arch_type", f"{_CORES[instance.generation]}\n", 0o444
        for counter in _COUNTERS:
            for kind in ("total", "present"):
                yield f"{at}/stats/{counter}/{kind}", "0\n", 0o444
        for memory in _MEMORIES:
            for kind in ("total", "present", "peak"):
                yield f"{at}/stats/{memory}/{kind}", "0\n", 0o444


def _neighbours(index: int, chips: int) -> list[int]:
    """Chips are in a ring."""
    return sorted({(index - 1) % chips, (index + 1) % chips} - {index})
