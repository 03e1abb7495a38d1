"""Tags: what AWS keeps for itself, and keys that are there twice. Counts and lengths: botocore's model."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.documented import names
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding


def check(subject: Subject) -> Iterator[Finding]:
    for tag in subject.root.each("tags"):
        if isinstance(tag.value, dict) and not tag.at("key").given:
            yield tag.error("missing-member", "a tag needs key", "add key")
        for member in (tag.at("key"), tag.at("value")):
            if (member.text or "").lower().startswith("aws:"):
                yield member.error(
                    "reserved-tag", "what begins with aws: belongs to AWS", "choose another word"
                )
    yield from names.repeated(subject.root.find("tags.*.key"), "tag")
