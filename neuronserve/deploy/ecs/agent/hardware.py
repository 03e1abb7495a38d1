"""The devices of a container, and the instance type that they are on."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.instances import InstanceType, catalogue

_LETTERS = {"read": "r", "write": "w", "mknod": "m"}
_CHIP = re.compile(r"/dev/neuron(0|[1-9][0-9]*)")
_EQUAL = re.compile(r"attribute:ecs\.instance-type\s*==\s*['\"]?([A-Za-z0-9-]+\.[A-Za-z0-9-]+)")
_ONE_OF = re.compile(
    r"attribute:ecs\.instance-type\s+in\s+\[\s*['\"]?([A-Za-z0-9-]+\.[A-Za-z0-9-]+)['\"]?\s*\]"
)


@dataclasses.dataclass(frozen=True)
class Device:
    """``permissions``: letters of ``rwm``, as the engines have them."""

    host: str
    container: str
    permissions: str

    @property
    def chip(self) -> int | None:
        """The number of the instance's chip, if it is one."""
        match = _CHIP.fullmatch(self.host)
        return int(match[1]) if match else None


def devices(container: Mapping[str, Any], chips: Sequence[str] = ()) -> tuple[Device, ...]:
    """Those it names; with ``NeuronDevice`` ``ALL`` also ``chips``, the paths of all that there are."""
    named = [
        Device(d["hostPath"], d.get("containerPath") or d["hostPath"], _permissions(d))
        for d in (container.get("linuxParameters") or {}).get("devices") or ()
    ]
    every = [Device(path, path, "rwm") for path in chips] if wants_all_chips(container) else []
    return (*named, *every)


def wants_all_chips(container: Mapping[str, Any]) -> bool:
    return _required(container, "NeuronDevice") is not None


def gpus(container: Mapping[str, Any]) -> str | None:
    """``all``, or how many GPUs it asks for."""
    value = _required(container, "GPU")
    return value.lower() if value and value.lower() == "all" else value


def instance_type(request: Mapping[str, Any]) -> InstanceType | None:
    """The one type that its placement constraints or its environment name, if they do and it is known."""
    expressions = [c.get("expression") or "" for c in request.get("placementConstraints") or ()]
    found = [m[1] for text in expressions for p in (_EQUAL, _ONE_OF) for m in [p.search(text)] if m]
    found += [
        variable["value"]
        for container in request["containerDefinitions"]
        for variable in container.get("environment") or ()
        if variable.get("name") == "SERVE_INSTANCE_TYPE" and variable.get("value")
    ]
    known = catalogue()
    return next((known[name.lower()] for name in found if name.lower() in known), None)


def _permissions(device: Mapping[str, Any]) -> str:
    given = device.get("permissions") or list(_LETTERS)
    return "".join(letter for word, letter in _LETTERS.items() if word in given)


def _required(container: Mapping[str, Any], kind: str) -> str | None:
    for requirement in container.get("resourceRequirements") or ():
        if requirement["type"] == kind:
            return str(requirement.get("value", "all"))
    return None
