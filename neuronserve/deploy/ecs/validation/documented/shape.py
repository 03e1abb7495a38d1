"""The request's shape, and what of it only ECS's answers have.

The ECS console writes ``null`` for all that a definition lacks. The console takes that; botocore does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding

_SHOWN = 3


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
    found = shapes.findings("ecs", "RegisterTaskDefinition", value, others=("CreateService", "RunTask"))
    yield from (finding for finding in found if finding.code != shapes.NULL)
    yield from _nulls(subject, [finding for finding in found if finding.code == shapes.NULL])


def _nulls(subject: Subject, found: list[Finding]) -> Iterator[Finding]:
    """All of them as one: they have one reason and one fix."""
    if not found:
        return
    places = ", ".join(finding.pointer for finding in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield subject.root.error(
        shapes.NULL,
        f"null, which the AWS CLI and SDKs do not take: {places}{more}",
        "leave them out, as `jq 'del(.. | nulls)'` does",
    )
