"""Amounts of cpu and memory of a task, which AWS takes in two forms each."""

from __future__ import annotations

import re

from neuronserve.deploy.node import Node

_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_VCPU = re.compile(r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*vcpus?", re.ASCII | re.IGNORECASE)
_GB = re.compile(r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*gb", re.ASCII | re.IGNORECASE)


def cpu_units(text: str) -> int | None:
    """``1024`` or ``1 vCPU`` in units, 1024 to a vCPU; None where it is neither."""
    return _amount(text.strip(), _VCPU)


def memory_mib(text: str) -> int | None:
    """``8192`` or ``8 GB`` in MiB; None where it is neither."""
    return _amount(text.strip(), _GB)


def _amount(text: str, unit: re.Pattern[str]) -> int | None:
    if _WHOLE.fullmatch(text):
        return int(text)
    match = unit.fullmatch(text)
    return round(float(match[1]) * 1024) if match else None


def task_cpu(root: Node) -> int | None:
    """Units at task level; None where they are absent or not understood."""
    return cpu_units(root.at("cpu").text or "")


def task_memory(root: Node) -> int | None:
    """MiB at task level; None where they are absent or not understood."""
    return memory_mib(root.at("memory").text or "")


def reserved_memory(container: Node) -> int:
    """MiB that ECS sets aside for a container: its reservation, else its limit."""
    return container.at("memoryReservation").number or container.at("memory").number or 0


def asked_cpu(root: Node) -> int:
    """Units that ECS looks for to place a task."""
    return task_cpu(root) or sum(c.at("cpu").number or 0 for c in root.each("containerDefinitions"))


def asked_memory(root: Node) -> int:
    """MiB that ECS looks for to place a task."""
    return task_memory(root) or sum(reserved_memory(c) for c in root.each("containerDefinitions"))
