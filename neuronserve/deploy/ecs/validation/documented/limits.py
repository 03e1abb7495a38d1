"""Ranges and counts that AWS documents and botocore's model does not hold.

Source: the documentation of RegisterTaskDefinition and "Amazon ECS service quotas".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.shapes import Unknown

_CONTAINER = "containerDefinitions.*"
_LINUX = f"{_CONTAINER}.linuxParameters"
_PORT = f"{_CONTAINER}.portMappings.*"
_RANGES: tuple[tuple[str, int, int | None, str], ...] = (
    (f"{_CONTAINER}.healthCheck.interval", 5, 300, "seconds"),
    (f"{_CONTAINER}.healthCheck.timeout", 2, 60, "seconds"),
    (f"{_CONTAINER}.healthCheck.retries", 1, 10, "times"),
    (f"{_CONTAINER}.healthCheck.startPeriod", 0, 300, "seconds"),
    (f"{_CONTAINER}.restartPolicy.restartAttemptPeriod", 60, 1800, "seconds"),
    (f"{_CONTAINER}.startTimeout", 0, None, "seconds"),
    (f"{_CONTAINER}.stopTimeout", 0, None, "seconds"),
    (f"{_CONTAINER}.cpu", 0, 196_608, "units"),
    (f"{_CONTAINER}.memory", 6, None, "MiB"),
    (f"{_CONTAINER}.memoryReservation", 6, None, "MiB"),
    (f"{_PORT}.containerPort", 1, 65_535, ""),
    (f"{_PORT}.hostPort", 0, 65_535, ""),
    (f"{_LINUX}.swappiness", 0, 100, ""),
    (f"{_LINUX}.maxSwap", 0, None, "MiB"),
    (f"{_LINUX}.sharedMemorySize", 1, None, "MiB"),
    (f"{_LINUX}.tmpfs.*.size", 1, None, "MiB"),
    ("ephemeralStorage.sizeInGiB", 21, 200, "GiB"),
    ("volumes.*.efsVolumeConfiguration.transitEncryptionPort", 1, 65_535, ""),
)
_COUNTS: tuple[tuple[str, int, int], ...] = (
    ("containerDefinitions", 1, 10),
    ("placementConstraints", 0, 10),
    (f"{_CONTAINER}.environmentFiles", 0, 10),
    (f"{_CONTAINER}.restartPolicy.ignoredExitCodes", 0, 50),
    (f"{_CONTAINER}.credentialSpecs", 0, 1),
)
_LARGEST = 64 << 10  # bytes


def check(subject: Subject) -> Iterator[Finding]:
    for path, low, high, unit in _RANGES:
        for place in subject.root.find(path):
            number = place.number
            if number is not None and (number < low or (high is not None and number > high)):
                expected = f"at least {low}" if high is None else f"{low} to {high}"
                message = f"{number}: expected {expected} {unit}".rstrip()
                yield place.error("out-of-range", message, "keep it within that")
    for path, low, high in _COUNTS:
        for place in subject.root.find(path):
            if isinstance(place.value, list) and not low <= place.size <= high:
                yield place.error(
                    "out-of-range", f"{place.size} items: expected {low} to {high}", "keep it within that"
                )
    yield from _size(subject)


def _size(subject: Subject) -> Iterator[Finding]:
    """What is known only later counts as nothing."""
    size = _bytes(subject.root.value)
    if size > _LARGEST:
        yield subject.root.error(
            "too-large", f"{size} bytes, and ECS takes {_LARGEST}", "move variables into environmentFiles"
        )


def _bytes(value: Any) -> int:
    """As JSON; what is nested so deeply that it cannot be written is another rule's subject."""
    try:
        text = json.dumps(value, separators=(",", ":"), default=_nothing, skipkeys=True, ensure_ascii=False)
    except RecursionError:
        return 0
    return len(text.encode("utf-8", "surrogatepass"))


def _nothing(value: Any) -> Any:
    return "" if isinstance(value, Unknown) else str(value)
