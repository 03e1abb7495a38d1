"""Multi-model endpoints: models that come and go while the container runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_MULTI_MODEL = "Multi-model endpoints"


@dataclasses.dataclass(frozen=True)
class MultiModel:
    # A table: a few lines for each variable.
    # fmt: off
    multi_model: bool = variable(
        "SAGEMAKER_MULTI_MODEL", read.flag, "false", group=_MULTI_MODEL,
        meaning="set by multi-model endpoints: start without a model; models come by `POST /models`",
    )
    models_dir: Path = variable(
        "SERVE_MODELS_DIR", read.path, "/opt/ml/models", group=_MULTI_MODEL,
        meaning="where the platform unpacks models: the `url` of a load must lie within",
    )
    model_memory_mb: int | None = variable(
        "SERVE_MODEL_MEMORY_MB", read.integer(1, 1 << 24), "", unit="MiB", group=_MULTI_MODEL,
        meaning="memory for loaded models, each counted as 1.2 times its files on each server; not set: the "
        "container's limit less 512 MiB, and 512 MiB for each model server; 507 when a model does not fit",
    )
    models_per_server: int | None = variable(
        "SERVE_MODELS_PER_SERVER", read.integer(1, 4096), "", unit="models", group=_MULTI_MODEL,
        meaning="most models of one model server; 1: each model has cores of its own; not set: as fit",
    )
    model_copies: int = variable(
        "SERVE_MODEL_COPIES", read.integer(1, 256), "1", unit="servers", group=_MULTI_MODEL,
        meaning="model servers that get each model, the emptiest ones",
    )
    # fmt: on
