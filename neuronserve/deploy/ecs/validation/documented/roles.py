"""Roles: their form, and when there has to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.node import Node
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\x21-\x7e]{1,576}", re.ASCII)
_SHORT = re.compile(r"/?[\w+=,.@/-]{1,576}", re.ASCII)
_PRIVATE = re.compile(
    r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws|c2s\.ic\.gov)/", re.ASCII
)


def check(subject: Subject) -> Iterator[Finding]:
    yield from _form(subject.root.at("executionRoleArn"))
    yield from _form(subject.root.at("taskRoleArn"))
    if not subject.root.at("executionRoleArn").given:
        yield from _execution(subject)


def _form(role: Node) -> Iterator[Finding]:
    text = role.text
    if text is None or _ROLE.fullmatch(text):
        return
    if not text or not _SHORT.fullmatch(text) or text.startswith("arn:"):
        yield role.error(
            "role-form", "this is no role's ARN", "write it as arn:aws:iam::123456789012:role/NAME"
        )


def _execution(subject: Subject) -> Iterator[Finding]:
    """Secrets need it on every instance; images and logs where the instance is not one's own."""
    for container in subject.containers:
        for member in ("secrets", "environmentFiles"):
            yield from _needs(container.at(member), "ECS reads them as this role")
        yield from _needs(container.at("logConfiguration", "secretOptions"), "ECS reads them as this role")
        if subject.fargate or (subject.managed and not subject.on_instances):
            image = container.at("image")
            if image.text is not None and _PRIVATE.match(image.text):
                yield from _needs(image, "ECS pulls the image as this role")


def _needs(place: Node, why: str) -> Iterator[Finding]:
    if place.given and (place.unknown or place.value):
        yield place.error(
            "no-execution-role", f"there is no executionRoleArn: {why}", "add executionRoleArn to the task"
        )
