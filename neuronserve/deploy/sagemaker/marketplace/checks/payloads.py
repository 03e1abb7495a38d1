"""Test data: there, and within what one invocation may hold."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.deploy.sagemaker.marketplace.listing import BATCH_BYTES, BATCH_MB, REALTIME_BYTES

NAME = "payload"


def check(case: Case) -> Iterator[Item]:
    if not case.listing.tests:
        yield Item(
            NAME, "test data", Verdict.SKIP, "none: nothing is asked of the container", "add --payload"
        )
    for test in case.listing.tests:
        name, size = str(test.file), test.file.stat().st_size
        if not size:
            yield Item(NAME, name, Verdict.NG, "is empty", "put a request into it")
        elif size > BATCH_BYTES:
            yield Item(
                NAME, name, Verdict.NG, f"{size:,} bytes, and one invocation of batch transform holds "
                f"{BATCH_MB} MB", "split it",
            )  # fmt: skip
        elif size > REALTIME_BYTES:
            yield Item(
                NAME, name, Verdict.OK, f"{size:,} bytes: for batch transform alone, as one invocation of an "
                f"endpoint holds {REALTIME_BYTES:,}",
            )  # fmt: skip
        else:
            yield Item(NAME, name, Verdict.OK, f"{size:,} bytes of {test.content_type}")
