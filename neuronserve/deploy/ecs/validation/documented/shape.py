"""The request's shape, and what of it only ECS's answers have."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs import shapes
from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding


def check(subject: Subject) -> Iterator[Finding]:
    value = subject.root.value
    if isinstance(value, dict):
        answered = [key for key in value if key in RESPONSE_ONLY]
        if answered:
            yield subject.root.note(
                "response-only",
                f"{', '.join(answered)}: only ECS's answers have them",
                "leave them out to register it",
            )
        value = {key: item for key, item in value.items() if key not in RESPONSE_ONLY}
    yield from shapes.findings("ecs", "RegisterTaskDefinition", value)
