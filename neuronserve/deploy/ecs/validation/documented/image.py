"""The image's name: its form, how firmly it says which image, and images that are no longer made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.rendering.names import IMAGE, MAX_IMAGE
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_DEEP_LEARNING = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/tensorflow-inference-neuronx?[:@]"
)


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        image = container.at("image")
        if image.text:
            yield from _form(image, image.text)
            if _DEEP_LEARNING.match(image.text):
                yield image.warning(
                    "deprecated-image",
                    "AWS makes no new images of TensorFlow for Neuron: this one gets no more corrections",
                    "use an image of your own, such as neuronserve's",
                )


def _form(image: Node, text: str) -> Iterator[Finding]:
    match = IMAGE.fullmatch(text) if len(text) <= 1024 else None
    if len(text.partition("@")[0]) > MAX_IMAGE:
        yield image.error("image-form", f"longer than {MAX_IMAGE} characters", "shorten it")
    elif match is None:
        yield image.error(
            "image-form", "this is no image's name", "write it as registry/repository:tag, or @sha256:..."
        )
    elif not match["digest"] and match["tag"] in (None, ":latest"):
        yield image.note(
            "image-not-pinned",
            "the image is whatever is latest on the day the task starts",
            "name a tag or a digest",
        )
