"""The container as a transform job runs it: the validation of a package is one."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace import payload, tried
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.deploy.sagemaker.marketplace.listing import BATCH_BYTES, BATCH_MB, BATCH_SECONDS, Test
from neuronserve.deploy.sagemaker.marketplace.trial import Answer, Container

NAME = "transform"
_VARIABLES = {
    "SAGEMAKER_BATCH": "true",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(BATCH_MB),
    "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
    "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "1",
}


def check(case: Case) -> Iterator[Item]:
    yield from tried.items(NAME, case, _VARIABLES, _answers)


def _answers(case: Case, container: Container, files: tried.Files) -> Iterator[Item]:
    for number, test in enumerate(case.listing.tests):
        size = test.file.stat().st_size
        if size <= BATCH_BYTES:
            answer = container.post(files.put(test.file), test.content_type, test.accept, BATCH_SECONDS)
            yield _judged(f"{test.file.name}, {size:,} bytes", answer, container)
        if number == 0:
            yield _largest(test, container, files)


def _largest(test: Test, container: Container, files: tried.Files) -> Item:
    data = payload.grown(test.file.read_bytes(), test.content_type, BATCH_BYTES)
    if data is None:
        return Item(
            NAME, f"{BATCH_MB} MB", Verdict.SKIP, f"none can be made of {test.file}",
            "add a file of that size with --payload",
        )  # fmt: skip
    answer = container.post(files.write("largest", data), test.content_type, test.accept, BATCH_SECONDS)
    return _judged(f"{test.file.name}, {len(data):,} bytes", answer, container)


def _judged(subject: str, answer: Answer, container: Container) -> Item:
    if answer.status != 200:
        said = f"{answer.status}: {answer.body.strip()[:300]}" if answer.status else answer.body
        return Item(NAME, subject, Verdict.NG, said, "its last lines are below", container.log())
    return Item(NAME, subject, Verdict.OK, f"{answer.size:,} bytes after {answer.seconds:.2f} s")
