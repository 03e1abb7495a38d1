"""A listing, and what it is looked at with."""

from __future__ import annotations

import dataclasses

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.engine import Engine
from neuronserve.deploy.models import Accepted, Tree
from neuronserve.deploy.sagemaker.marketplace import instances
from neuronserve.deploy.sagemaker.marketplace.listing import Listing
from neuronserve.deploy.waiting import Clock
from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class Case:
    """``tree``: the unpacked model; ``accepted``: what `serve` makes of it, None for one in S3.

    ``start_seconds``: how long the container may take to its first good /ping.
    """

    listing: Listing
    aws: Aws
    engine: Engine
    clock: Clock
    tree: Tree
    accepted: Accepted | None
    start_seconds: float = 480

    @property
    def generations(self) -> set[Generation]:
        """What the model was compiled for."""
        models = self.accepted.models if self.accepted else {}
        return {found for versions in models.values() for found in instances.generations(versions)}
