"""Members of which exactly one is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer

_PAIRS = (
    ("", "InputConfig", "ModelPackageVersionArn", "an S3 address, or a model package's version"),
    ("OutputConfig", "TargetDevice", "TargetPlatform", "a device, or an operating system and architecture"),
)


def findings(request: Mapping[str, Any], _region: str | None) -> Iterator[Finding]:
    for home, one, other, meaning in _PAIRS:
        place = request.get(home, {}) if home else request
        at = pointer(home) if home else ""
        if one in place and other in place:
            yield Finding(
                at + pointer(other),
                Severity.ERROR,
                "both-given",
                f"{one} is given too",
                f"keep one: {meaning}",
            )
        elif one not in place and other not in place:
            yield Finding(
                at, Severity.ERROR, "none-given", f"neither {one} nor {other}", f"give one: {meaning}"
            )
