"""Instance types: for endpoints and for batch transform, which are all that subscribers get."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace import instances
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case

NAME = "instances"


def check(case: Case) -> Iterator[Item]:
    hosting, transform = case.listing.hosting, case.listing.transform
    subject = ", ".join(dict.fromkeys((*hosting, *transform))) or "instance types"
    found = list(instances.findings(hosting, transform, case.generations))
    for one in found:
        yield Item(NAME, subject, Verdict.NG, one.message, one.fix)
    if not found and not (hosting and transform):
        lacks = "batch transform" if hosting else "endpoints"
        yield Item(NAME, subject, Verdict.NG, f"none for {lacks}, and both are needed", "name one of each")
    elif not found:
        yield Item(
            NAME, subject, Verdict.OK, f"{len(hosting)} host endpoints, {len(transform)} run batch transform",
            details=("subscribers get endpoints and batch transform, nothing asynchronous or serverless",),
        )  # fmt: skip
