"""What several tasks cannot have of one instance at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.agent import hardware, network, resources
from neuronserve.environment import Fault, core_range
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType

Request = Mapping[str, Any]
_CORES = "NEURON_RT_VISIBLE_CORES"


def refuse(requests: Sequence[Request], chips: Sequence[int]) -> None:
    """Raises InvalidInput for a port or chip that two of them would have; ``chips``: all that there are."""
    ports: dict[tuple[int, str], str] = {}
    for request in requests:
        for port in network.static_ports(request):
            if port in ports:
                raise InvalidInput(
                    f"{ports[port]} and {request['family']} both want port {port[0]}/{port[1]} there",
                    hint="ECS would place one of them there: RESOURCE:PORTS for the other",
                )
            ports[port] = request["family"]
    _refuse_shared_chips(requests, chips)


def _refuse_shared_chips(requests: Sequence[Request], chips: Sequence[int]) -> None:
    owners: dict[int, list[tuple[str, str]]] = {}
    for request in requests:
        for container in request["containerDefinitions"]:
            own = f"{request['family']}/{container['name']}"
            for chip in _owned(container, chips):
                for other, cores in owners.setdefault(chip, []):
                    if not _apart(cores, _cores(container)):
                        raise InvalidInput(
                            f"{other} and {own} both own /dev/neuron{chip}",
                            hint="ECS knows nothing of chips and would start both, one without a core free. "
                            f"Give each its own chips, or cores with {_CORES}",
                        )
                owners[chip].append((own, _cores(container)))


def notes(requests: Sequence[Request], instance: InstanceType | None) -> Iterator[str]:
    """What ECS would not place together, and an engine starts all the same."""
    if instance is None:
        return
    sizes = [resources.task_size(request) for request in requests]
    for what, asked, has in (
        ("cpu units", sum(cpu for cpu, _ in sizes), allocatable.cpu(instance)),
        ("MiB of memory", sum(memory for _, memory in sizes), allocatable.memory_mib(instance)),
    ):
        if asked > has:
            yield f"ECS would not place them all: they want {asked} {what}, {instance.name} has about {has}"


def _owned(container: Request, chips: Sequence[int]) -> list[int]:
    devices = hardware.devices(container, [f"/dev/neuron{chip}" for chip in chips])
    return list(dict.fromkeys(device.chip for device in devices if device.chip is not None))


def _cores(container: Request) -> str:
    variables = container.get("environment") or ()
    return next((v.get("value", "") for v in variables if v["name"] == _CORES), "")


def _apart(one: str, other: str) -> bool:
    """Whether both say which cores are theirs, and no core is in both."""
    try:
        (first, last), (others_first, others_last) = core_range(one), core_range(other)
    except Fault:
        return False
    return last < others_first or others_last < first
