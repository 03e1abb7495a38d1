"""What batch transform sets in the container, and how long and large requests are served."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_TRANSFORM = "Batch transform"


@dataclasses.dataclass(frozen=True)
class Transform:
    # A table: a few lines for each variable.
    # fmt: off
    batch_transform: bool = variable(
        "SAGEMAKER_BATCH", read.flag, "false", group=_TRANSFORM,
        meaning="set by batch transform: the model server's queue is then practically unbounded, "
        "`SERVE_DEADLINE_SECONDS` is 600 unless set, and each record of a body is answered with one line",
    )
    max_payload_mb: int | None = variable(
        "SAGEMAKER_MAX_PAYLOAD_IN_MB", read.integer(0, 4096), "", unit="MiB", group=_TRANSFORM,
        meaning="set by batch transform; 0: no limit",
    )
    max_concurrent_transforms: int | None = variable(
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", read.integer(0, 100_000), "", unit="requests",
        group=_TRANSFORM,
        meaning="set by batch transform where the job says how many; not set, or 0: computed, see "
        "`GET /execution-parameters`",
    )
    batch_strategy: str | None = variable(
        "SAGEMAKER_BATCH_STRATEGY", read.choice("multi_record", "single_record"), "", group=_TRANSFORM,
        meaning="set by batch transform where the job says it; not set: `MULTI_RECORD`, so that each record "
        "of a body of JSON lines or CSV is answered with one line",
    )
    # fmt: on


def defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that are others in batch transform: by name.

    The platform waits 600 s for an answer there, or ModelClientConfig's InvocationsTimeoutInSeconds (AWS
    developer guide, "Use your own inference code with batch transform").
    """
    try:
        batch = read.flag(environ.get("SAGEMAKER_BATCH", "").strip() or "false")
    except read.Fault:  # told with all other faults
        batch = False
    return {"SERVE_DEADLINE_SECONDS": "600"} if batch else {}
