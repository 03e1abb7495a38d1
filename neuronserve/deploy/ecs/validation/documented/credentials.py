"""Secrets in plain sight: everybody who may describe a task definition can read it, and it is kept for good.

No value is ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_KEY = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", re.ASCII)
_SIGNED = re.compile(
    r"[?&](X-Amz-(Signature|Security-Token)|AWSAccessKeyId|Signature)=", re.ASCII | re.IGNORECASE
)
_LIKELY = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_?KEY|API_?KEY|PRIVATE_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN|TOKEN)$",
    re.IGNORECASE,
)
_WORDS = ("entryPoint", "command")
# Where the secret is, or where it is filled in, rather than the secret
_NAMED = re.compile(r"arn:\S+|\$\{.*\}|\{\{.*\}\}|<.*>", re.ASCII)


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        for entry in container.each("environment"):
            yield from _variable(entry.at("name").text or "", entry.at("value"))
        words = [word for member in _WORDS for word in container.each(member)]
        words += [label for _, label in container.at("dockerLabels").members()]
        words += [option for _, option in container.at("logConfiguration", "options").members()]
        for word in (*words, *container.each("healthCheck", "command")):
            if _holds_key(word):
                yield _key(word)


def _variable(name: str, value: Node) -> Iterator[Finding]:
    if not value.text:
        return
    if name.upper() in _AWS:
        yield value.error(
            "plain-credentials", f"{name} in plain text", "give the task a role, taskRoleArn, and remove it"
        )
    elif _holds_key(value):
        yield _key(value)
    elif _LIKELY.search(name) and not _NAMED.fullmatch(value.text):
        yield value.warning("plain-secret", f"{name} looks like a secret in plain text", "move it to secrets")


def _holds_key(place: Node) -> bool:
    return bool(place.text and (_KEY.search(place.text) or _SIGNED.search(place.text)))


def _key(place: Node) -> Finding:
    return place.error(
        "plain-credentials",
        "an AWS access key, or a signed URL, in plain text",
        "give the task a role, taskRoleArn, and remove it",
    )
