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
    # fmt: on
