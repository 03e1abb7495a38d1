"""Tags: keys once each, and none of AWS's own."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.sagemaker.rules.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    seen: set[str] = set()
    for tag in subject.root.each("Tags"):
        key = tag.at("Key")
        if key.text is None:
            continue
        if key.text.lower().startswith("aws:"):
            yield key.error("reserved-tag", "AWS keeps the prefix aws: to itself", "choose another key")
        if key.text in seen:
            yield key.error("duplicate-tag", f"the tag {key.text[:60]!r} is there twice", "keep one")
        seen.add(key.text)
