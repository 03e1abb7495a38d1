"""The chips that a container is given by their paths."""

from __future__ import annotations

import re

from neuronserve.deploy.node import Node

DEVICE = re.compile(r"/dev/neuron(0|[1-9]\d{0,3})", re.ASCII)


def places(container: Node) -> list[Node]:
    """Its devices that are meant to be chips, whether their paths are right or not."""
    return [
        device
        for device in container.each("linuxParameters", "devices")
        if "neuron" in (device.at("hostPath").text or "").lower()
    ]


def index(path: str | None) -> int | None:
    """The N of ``/dev/neuronN``."""
    match = DEVICE.fullmatch(path or "")
    return int(match[1]) if match else None


def given(container: Node) -> dict[int, Node]:
    """The chips, as the host numbers them, and the places that give them."""
    found: dict[int, Node] = {}
    for device in places(container):
        number = index(device.at("hostPath").text)
        if number is not None:
            found.setdefault(number, device)
    return found


def all_known(container: Node) -> bool:
    """No device, and no path of one, is known only later."""
    devices = list(container.each("linuxParameters", "devices"))
    return not any(d.unknown or d.at("hostPath").unknown or d.at("containerPath").unknown for d in devices)


def spoken(numbers: list[int]) -> str:
    """``0-3, 6``, for a person."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
