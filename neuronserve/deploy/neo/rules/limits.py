"""Times and tags. Ranges, patterns and lengths of single members are in ``deploy/shapes.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer


def findings(request: Mapping[str, Any], _region: str | None) -> Iterator[Finding]:
    yield from _times(request.get("StoppingCondition", {}))
    yield from _tags(request.get("Tags", []))


def _times(condition: Mapping[str, Any]) -> Iterator[Finding]:
    run, wait = condition.get("MaxRuntimeInSeconds"), condition.get("MaxWaitTimeInSeconds")
    if run is None:
        yield Finding(
            pointer("StoppingCondition"), Severity.WARNING, "no-limit", "no MaxRuntimeInSeconds",
            "give one: what hangs is billed until it is stopped",
        )  # fmt: skip
    if run is not None and wait is not None and wait < run:
        yield Finding(
            pointer("StoppingCondition", "MaxWaitTimeInSeconds"), Severity.ERROR, "wait-below-run",
            f"{wait} s are less than the {run} s of MaxRuntimeInSeconds", "make it the same or more",
        )  # fmt: skip


def _tags(tags: list[Mapping[str, Any]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, tag in enumerate(tags):
        key = str(tag.get("Key", ""))
        at = pointer("Tags", place, "Key")
        if key.lower().startswith("aws:"):
            yield Finding(
                at, Severity.ERROR, "aws-tag", "AWS keeps the prefix aws: to itself", "choose another key"
            )
        if key in seen:
            yield Finding(at, Severity.ERROR, "twice", "the key is there twice", "remove one")
        seen.add(key)
