"""What batch transform sets in the container, and how long and large requests are served."""

from __future__ import annotations

import dataclasses

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_TRANSFORM = "Batch transform"


@dataclasses.dataclass(frozen=True)
class Transform:
    # A table: a few lines for each variable.
    # fmt: off
    batch_transform: bool = variable(
        "SAGEMAKER_BATCH", read.flag, "false", group=_TRANSFORM,
        meaning="set by batch transform: the model server's queue is then practically unbounded",
    )
    max_payload_mb: int | None = variable(
        "SAGEMAKER_MAX_PAYLOAD_IN_MB", read.integer(0, 4096), "", unit="MiB", group=_TRANSFORM,
        meaning="set by batch transform; 0: no limit",
    )
    # fmt: on
