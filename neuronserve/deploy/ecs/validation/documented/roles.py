"""Roles: their form, and when there has to be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\x21-\x7e]{1,576}", re.ASCII)
_SHORT = re.compile(r"/?[\w+=,.@/-]{1,576}", re.ASCII)
_PRIVATE = re.compile(
    r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws|c2s\.ic\.gov)/", re.ASCII
)


def check(subject: Subject) -> Iterator[Finding]:
    yield from _form(subject.root.at("executionRoleArn"))
    yield from _form(subject.root.at("taskRoleArn"))
    role = subject.root.at("executionRoleArn")
    if not role.given or role.text == "":
        yield from _execution(subject)


def _form(role: Node) -> Iterator[Finding]:
    text = role.text
    if not text or _ROLE.fullmatch(text):  # empty is as good as absent
        return
    if not _SHORT.fullmatch(text) or text.startswith("arn:"):
        yield role.error(
            "role-form", "this is no role's ARN", "write it as arn:aws:iam::123456789012:role/NAME"
        )


def _execution(subject: Subject) -> Iterator[Finding]:
    """Secrets need it on every instance; images and logs where the instance is not one's own."""
    for container in subject.containers:
        for place in (
            container.at("secrets"),
            container.at("environmentFiles"),
            container.at("logConfiguration", "secretOptions"),
        ):
            if place.given and place.value and not place.unknown:
                yield _needed(place.error, "ECS reads them as this role")
        yield from _elsewhere(subject, container)


def _elsewhere(subject: Subject, container: Node) -> Iterator[Finding]:
    """RegisterTaskDefinition refuses it for Fargate; for Managed Instances AWS's page asks for it."""
    if not (subject.fargate or (subject.managed and not subject.on_instances)):
        return
    image, driver = container.at("image"), container.at("logConfiguration", "logDriver")
    if _PRIVATE.match(image.text or ""):
        yield _needed(image.error if subject.fargate else image.warning, "ECS pulls the image as this role")
    if driver.text == "awslogs":
        yield _needed(driver.error if subject.fargate else driver.warning, "ECS writes the log as this role")


def _needed(tell: Callable[[str, str, str], Finding], why: str) -> Finding:
    return tell(
        "no-execution-role", f"there is no executionRoleArn: {why}", "add executionRoleArn to the task"
    )
