"""What is wrong with a CreateCompilationJob request, before it is sent; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Finding, Severity
from neuronserve.deploy.neo.rules import choices, inputs, limits, options, places, support

_ROOMS = (choices, support, inputs, options, places, limits)


def findings(request: Mapping[str, Any], region: str | None) -> list[Finding]:
    """The gravest first. ``region``: None where it is not known; then it is not judged."""
    found = shapes.findings("sagemaker", "CreateCompilationJob", request)
    if any(one.code in ("wrong-type", "missing-member") for one in found):
        return found  # the rest assumes the shape
    for room in _ROOMS:
        found += room.findings(request, region)
    return sorted(found, key=lambda one: list(Severity).index(one.severity))
