"""Rows in batches: the compiled one, and TensorFlow Serving's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_BATCHES = "Batches"


@dataclasses.dataclass(frozen=True)
class Batches:
    # A table: a few lines for each variable.
    # fmt: off
    compiled_batch: str | int = variable(
        "SERVE_COMPILED_BATCH", read.batch, "auto", unit="rows", group=_BATCHES,
        meaning="how requests are split and padded: `auto` to the batch that the model was compiled at, "
        "`off`, or a number of rows",
    )
    enable_batching: bool | None = variable(
        "SAGEMAKER_TFS_ENABLE_BATCHING", read.flag, "", group=_BATCHES,
        meaning="whether the model server joins requests into batches; not set: where the model was "
        "compiled at a fixed batch of more than one row",
    )
    batching_file: Path | None = variable(
        "SERVE_BATCHING_FILE", read.path, "", group=_BATCHES,
        meaning="a file of TensorFlow Serving's BatchingParameters, used as it is; turns batching on",
    )
    max_batch_size: int | None = variable(
        "SAGEMAKER_TFS_MAX_BATCH_SIZE", read.integer(1, 1 << 20), "", unit="rows", group=_BATCHES,
        meaning="rows in one batch, where the model was not compiled at a fixed one; not set: the compiled "
        "batch, else 8",
    )
    batch_timeout_micros: int = variable(
        "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS", read.integer(0, 10**9), "1000", unit="µs", group=_BATCHES,
        meaning="how long a batch waits to be filled",
    )
    batch_threads: int | None = variable(
        "SAGEMAKER_TFS_NUM_BATCH_THREADS", read.integer(1, 1024), "", unit="threads", group=_BATCHES,
        meaning="batches run at once; not set: a compiled model's copies, else the container's CPUs",
    )
    max_enqueued_batches: int | None = variable(
        "SAGEMAKER_TFS_MAX_ENQUEUED_BATCHES", read.integer(1, 10**9), "", unit="batches", group=_BATCHES,
        meaning="batches that may wait; not set: the container's CPUs, for compiled models "
        "`SERVE_MAX_IN_FLIGHT`, or 100,000,000 in batch transform",
    )
    # fmt: on
