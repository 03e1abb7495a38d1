"""Multi-model endpoints: models that come and go while the container runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

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
        meaning="memory for loaded models; each counts, on each server that has it, 6 times its graph and "
        "1.2 times its other files; not set: the container's limit less 512 MiB, and 512 MiB for each server",
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


class Others(Protocol):
    """What multi-model endpoints exclude."""

    @property
    def multi_model(self) -> bool: ...
    @property
    def model_uri(self) -> str | None: ...
    @property
    def compilation_job(self) -> str | None: ...
    @property
    def placement(self) -> object: ...
    @property
    def golden(self) -> Path | None: ...
    @property
    def warmup(self) -> str | Path: ...
    @property
    def batch_transform(self) -> bool: ...


def conflicts(settings: Others) -> Iterator[str]:
    """A line for each setting that needs a model that is known at the start."""
    if not settings.multi_model:
        return
    both = "and SAGEMAKER_MULTI_MODEL are both set"
    if settings.model_uri:
        yield f"MODEL_URI {both}: expected one of them; models come by POST /models"
    if settings.compilation_job:
        yield f"COMPILATION_JOB {both}: expected one of them; models come by POST /models"
    if settings.placement is not None:
        yield f"SERVE_PLACEMENT {both}: expected SAGEMAKER_TFS_INSTANCE_COUNT: servers share the cores evenly"
    if settings.golden is not None:
        yield f"SERVE_GOLDEN {both}: expected golden.jsonl in the folder of each model"
    if isinstance(settings.warmup, Path):
        yield f"SERVE_WARMUP={settings.warmup} {both}: expected auto or off; models bring their own"
    if settings.batch_transform:
        yield f"SAGEMAKER_BATCH {both}: expected one of them; batch transform has one model"
