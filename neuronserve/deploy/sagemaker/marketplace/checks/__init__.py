"""Whether a listing is as AWS Marketplace asks: one module for each subject; items are OK, NG or SKIP.

A check looks and changes nothing in AWS; where it may not look, it says so and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from neuronserve.deploy.item import Item
from neuronserve.deploy.sagemaker.marketplace.checks import (
    image,
    model,
    payloads,
    place,
    realtime,
    registry,
    transform,
    types,
)
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case

__all__ = ["CHECKS", "Case", "items"]

CHECKS: Mapping[str, Callable[[Case], Iterator[Item]]] = {
    image.NAME: image.check,
    registry.NAME: registry.check,
    place.NAME: place.check,
    model.NAME: model.check,
    payloads.NAME: payloads.check,
    types.NAME: types.check,
    realtime.NAME: realtime.check,
    transform.NAME: transform.check,
}


def items(case: Case, names: Sequence[str]) -> Iterator[Item]:
    """What the named checks find."""
    for name in names:
        yield from CHECKS[name](case)
