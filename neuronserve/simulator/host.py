"""A simulated Neuron host: a folder that looks like the ``/dev`` and ``/sys`` of an instance type.

::

    FOLDER/dev/neuron0 ...               the chips that the container has
    FOLDER/dev/neuron-simulated.json     the marker: nobody may take this for a real host
    FOLDER/sys/...                       what the driver shows: all chips of the host
    FOLDER/cores/core-0 ...              one lock for each core of the host: who holds it, owns the core
    FOLDER/servers/core-<first>.sock     where the server that owns cores from <first> on takes commands

Cores have two numberings. *Host cores* count over all chips of the host, ``chip * cores per chip + core``.
Processes count *visible cores*: 0 is the first core of the first chip that the container has, as the driver
does.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path

from neuronserve import instances
from neuronserve.errors import DeviceFault, SettingsError
from neuronserve.instances import InstanceType
from neuronserve.neuron import marker
from neuronserve.simulator import tree


@dataclasses.dataclass(frozen=True)
class SimulatedHost:
    """``minors``: number in the device's name -> index of the chip on the host, ascending."""

    folder: Path
    instance: InstanceType
    minors: Mapping[int, int]
    cores_dir: Path

    @property
    def devices(self) -> Path:
        return self.folder / "dev"

    @property
    def sysfs(self) -> Path:
        return self.folder / "sys"

    @property
    def servers(self) -> Path:
        """Beside the locks, so that whoever shares the cores can also command the servers."""
        return self.cores_dir.parent / "servers"

    @property
    def cores(self) -> tuple[int, ...]:
        """The host core of each visible core, in the order in which processes number them."""
        each = self.instance.cores
        return tuple(chip * each + core for chip in self.minors.values() for core in range(each))

    def lock_file(self, core: int) -> Path:
        """The file whose lock owns a host core."""
        return self.cores_dir / f"core-{core}"

    def socket(self, core: int) -> Path:
        """Where the server takes commands whose first host core this is."""
        return self.servers / f"core-{core}.sock"


def create(
    folder: Path,
    instance_type: str,
    *,
    chips: int | None = None,
    first: int = 0,
    cores_dir: Path | None = None,
    renumber: bool = True,
) -> SimulatedHost:
    """Build a host in ``folder``, which may exist and must be empty of another one.

    ``chips``: how many of the host's chips the container has (None: all from ``first`` on), as a contiguous
    run that begins at chip ``first``. ``renumber``: their devices are ``neuron0..k-1``, else they keep the
    host's numbers. ``cores_dir``: that of another host, to share its cores as containers of one instance
    do. Raises SettingsError for an unknown type, or chips that it does not have.
    """
    instance = _instance(instance_type)
    count = instance.chips - first if chips is None else chips
    if first < 0 or count < 1 or first + count > instance.chips:
        raise SettingsError([f"{count} chips from chip {first} on: {instance.name} has {instance.chips}"])
    minors = {(0 if renumber else first) + at: first + at for at in range(count)}
    return _build(folder, instance, minors, cores_dir)


def adopt(
    folder: Path, devices_dir: Path, instance_type: str, *, cores_dir: Path | None = None
) -> SimulatedHost:
    """A host for the nodes that a container was given: ``--device`` nodes of no real driver.

    ``folder`` gets links to the ``neuronN`` of ``devices_dir`` and all else that a host has; N is the chip's
    index on the host. Raises DeviceFault when there are none, or one that the type does not have.
    """
    instance = _instance(instance_type)
    found = {
        int(m[1]): path for path in devices_dir.iterdir() if (m := re.fullmatch(r"neuron(\d+)", path.name))
    }
    if not found:
        raise DeviceFault(
            f"there is no {devices_dir}/neuronN to simulate a {instance.name} with",
            hint="give the container devices with --device, or create a simulated host",
        )
    if max(found) >= instance.chips:
        raise DeviceFault(
            f"{found[max(found)]}: {instance.name} has {instance.chips} chips, neuron0 to "
            f"neuron{instance.chips - 1}",
            hint="simulate a larger instance type",
        )
    return _build(folder, instance, {n: n for n in sorted(found)}, cores_dir, found)


def attach(folder: Path) -> SimulatedHost:
    """The host that ``create`` or ``adopt`` built there.

    Raises SettingsError when there is none, DeviceFault when its marker is damaged.
    """
    mark = marker.read(folder / "dev")
    if mark is None:
        raise SettingsError([f"{folder} is no simulated Neuron host: it has no dev/{marker.NAME}"])
    return SimulatedHost(
        folder, _instance(mark.instance_type), dict(sorted(mark.minors.items())), mark.cores_dir
    )


def _instance(name: str) -> InstanceType:
    known = instances.catalogue()
    if name not in known:
        raise SettingsError([f"instance type {name}: expected one of {', '.join(known)}"])
    return known[name]


def _build(
    folder: Path,
    instance: InstanceType,
    minors: Mapping[int, int],
    cores_dir: Path | None,
    nodes: Mapping[int, Path] | None = None,
) -> SimulatedHost:
    folder = folder.absolute()
    host = SimulatedHost(folder, instance, minors, (cores_dir or folder / "cores").absolute())
    if (host.devices / marker.NAME).exists():
        raise SettingsError([f"{folder} already holds a simulated Neuron host"])
    host.devices.mkdir(parents=True, exist_ok=True)
    for number in minors:
        if nodes is None:
            tree.add_device(host.devices, number)
        else:
            (host.devices / f"neuron{number}").symlink_to(nodes[number].absolute())
    tree.add_sysfs(host.sysfs, instance)
    _add_locks(host)
    # last: a host that has its marker is whole
    mark = {
        "instance_type": instance.name,
        "minors": {str(number): chip for number, chip in minors.items()},
        "cores_dir": str(host.cores_dir),
    }
    (host.devices / marker.NAME).write_text(json.dumps(mark))
    return host


def _add_locks(host: SimulatedHost) -> None:
    """Everybody may own cores, as everybody may open the driver's devices."""
    for folder in (host.cores_dir, host.servers):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
    for core in host.cores:
        file = host.lock_file(core)
        if not file.exists():
            file.touch()
            file.chmod(0o666)
