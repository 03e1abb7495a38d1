"""Environment variables, secrets and environment files: names, forms, and what is there twice.

No value is ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.rendering.names import SECRET
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_FILE = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+", re.ASCII)


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        yield from _entries(container)
        yield from _twice(container)
        for secret in (*container.each("secrets"), *container.each("logConfiguration", "secretOptions")):
            yield from _secret(secret.at("valueFrom"))
        for file in container.each("environmentFiles"):
            yield from _file(file.at("value"))


def _entries(container: Node) -> Iterator[Finding]:
    for entry in container.each("environment"):
        name = entry.at("name")
        if isinstance(entry.value, dict) and (not name.given or name.text == ""):
            yield entry.error("missing-member", "a variable needs name", "add name")
        if name.text and "=" in name.text:
            yield name.error("bad-name", "the name of a variable holds no '='", "put the value into value")


def _twice(container: Node) -> Iterator[Finding]:
    plain: dict[str, Node] = {}
    for name in container.find("environment.*.name"):
        if name.text in plain:
            yield name.warning(
                "duplicate-variable",
                f"{name.text} is there already, {plain[name.text].pointer}: one is lost",
                "keep one",
            )
        if name.text is not None:
            plain.setdefault(name.text, name)
    secret: dict[str, Node] = {}
    for name in container.find("secrets.*.name"):
        other = plain.get(name.text or "") or secret.get(name.text or "")
        if other is not None:
            yield name.error(
                "duplicate-variable",
                f"{name.text} is there already, {other.pointer}: ECS refuses that",
                "keep one",
            )
        if name.text is not None:
            secret.setdefault(name.text, name)


def _secret(place: Node) -> Iterator[Finding]:
    if place.text is not None and not SECRET.fullmatch(place.text):
        yield place.error(
            "secret-form",
            "expected the ARN of a secret, or the ARN or name of a parameter",
            "write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, "
            "arn:aws:ssm:REGION:ACCOUNT:parameter/NAME, "
            "or NAME; the value itself does not belong here",
        )


def _file(place: Node) -> Iterator[Finding]:
    if place.text is None:
        return
    if not _FILE.fullmatch(place.text):
        yield place.error(
            "environment-file-form", "expected the ARN of an S3 object", "write arn:aws:s3:::BUCKET/KEY.env"
        )
    elif not place.text.endswith(".env"):
        yield place.error(
            "environment-file-form", "ECS takes files whose names end in .env", "rename the object"
        )
