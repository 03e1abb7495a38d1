"""The container as an endpoint of a subscriber: it starts, answers within the limits, and stops."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace import payload, tried
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.deploy.sagemaker.marketplace.listing import REALTIME_BYTES, REALTIME_SECONDS, Test
from neuronserve.deploy.sagemaker.marketplace.trial import STOP_SECONDS, Answer, Container

NAME = "realtime"
_ACCEPT_SECONDS = 0.25
_KILLED = 137


def check(case: Case) -> Iterator[Item]:
    yield from tried.items(NAME, case, {}, _answers)


def _answers(case: Case, container: Container, files: tried.Files) -> Iterator[Item]:
    for number, test in enumerate(case.listing.tests):
        if test.file.stat().st_size <= REALTIME_BYTES:
            answer = container.post(files.put(test.file), test.content_type, test.accept, REALTIME_SECONDS)
            yield judged(test, test.file.stat().st_size, answer, container)
        if number == 0:
            yield _largest(test, container, files)
    yield _stopped(container)


def _largest(test: Test, container: Container, files: tried.Files) -> Item:
    """A body as large as one may be."""
    data = payload.grown(test.file.read_bytes(), test.content_type, REALTIME_BYTES)
    if data is None:
        return Item(
            NAME, f"{REALTIME_BYTES:,} bytes", Verdict.SKIP, f"none can be made of {test.file}",
            "add a file of that size with --payload",
        )  # fmt: skip
    answer = container.post(files.write("largest", data), test.content_type, test.accept, REALTIME_SECONDS)
    return judged(test, len(data), answer, container)


def judged(test: Test, size: int, answer: Answer, container: Container) -> Item:
    subject = f"{test.file.name}, {size:,} bytes"
    if answer.status != 200:
        said = f"{answer.status}: {answer.body.strip()[:300]}" if answer.status else answer.body
        return Item(NAME, subject, Verdict.NG, said, "its last lines are below", container.log())
    took = f"{answer.size:,} bytes of {answer.content_type} after {answer.seconds:.2f} s"
    if answer.seconds > REALTIME_SECONDS:
        return Item(NAME, subject, Verdict.NG, f"{took}, and {REALTIME_SECONDS} s are the limit")
    if answer.connect > _ACCEPT_SECONDS:
        return Item(NAME, subject, Verdict.NG, f"the connection was accepted after {answer.connect:.2f} s")
    if answer.size > REALTIME_BYTES:
        return Item(
            NAME, subject, Verdict.OK, f"{took}: more than an endpoint passes on, {REALTIME_BYTES:,} bytes",
            "tell subscribers how many records a request may have",
        )  # fmt: skip
    return Item(NAME, subject, Verdict.OK, took)


def _stopped(container: Container) -> Item:
    code, seconds = container.stop()
    if code == _KILLED:
        return Item(
            NAME, "SIGTERM", Verdict.NG, f"it had not ended after {STOP_SECONDS} s, and was killed",
            "SERVE_DRAIN_SECONDS says how long requests in flight are waited for",
        )  # fmt: skip
    return Item(NAME, "SIGTERM", Verdict.OK, f"ended with {code} after {seconds:.1f} s")
