"""The devices of a container, and the instance type that they are on."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.ecs import query
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue

_LETTERS = {"read": "r", "write": "w", "mknod": "m"}
_CHIP = re.compile(r"/dev/neuron(0|[1-9][0-9]*)")


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
    return "all" if value and value.lower() == "all" else value


def instance_type(request: Mapping[str, Any]) -> InstanceType | None:
    """The one type that its placement constraints leave, else that of its environment, if it is known."""
    known, constraints = catalogue(), list(_constraints(request))
    left = [t for t in known.values() if all(_allows(constraint, t) for constraint in constraints)]
    if len(left) == 1:
        return left[0]
    found = [
        (variable.get("value") or "").lower()
        for container in request["containerDefinitions"]
        for variable in container.get("environment") or ()
        if variable.get("name") == "SERVE_INSTANCE_TYPE"
    ]
    return next((known[name] for name in found if name in known), None)


def _constraints(request: Mapping[str, Any]) -> Iterator[query.Expression]:
    """In lower case, as was meant: ``validate`` tells of capitals, and of what is no expression."""
    for constraint in request.get("placementConstraints") or ():
        with contextlib.suppress(InvalidInput):
            yield query.parse((constraint.get("expression") or "").lower())


def _allows(constraint: query.Expression, instance: InstanceType) -> bool:
    try:
        return query.may_match(constraint, {"ecs.instance-type": instance.name})
    except InvalidInput:  # its pattern would take years
        return True


def _permissions(device: Mapping[str, Any]) -> str:
    given = device.get("permissions") or list(_LETTERS)
    return "".join(letter for word, letter in _LETTERS.items() if word in given)


def _required(container: Mapping[str, Any], kind: str) -> str | None:
    for requirement in container.get("resourceRequirements") or ():
        if requirement["type"] == kind:
            return str(requirement.get("value", "all"))
    return None
