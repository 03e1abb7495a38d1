"""The code that comes with a model: ``code/inference.py`` and ``code/requirements.txt``."""

from __future__ import annotations

import dataclasses

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_CODE = "The model's own code"


@dataclasses.dataclass(frozen=True)
class Code:
    # A table: a few lines for each variable.
    # fmt: off
    install_seconds: float = variable(
        "SERVE_INSTALL_SECONDS", read.number(1, 3600), "300", unit="s", group=_CODE,
        meaning="how long installing `code/requirements.txt` may take",
    )
    handler_ports: bool = variable(
        "SERVE_HANDLER_PORTS", read.flag, "true", group=_CODE,
        meaning="whether model servers open ports for `context.rest_uri` and `context.grpc_port`, where a "
        "model has code: those of the embedded server on loopback, those of TensorFlow Serving on all "
        "addresses; `false`: there is `context.channel` alone",
    )
    universal_bucket: str | None = variable(
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET", read.text, "", group=_CODE,
        meaning="with the prefix: the S3 bucket of the code that all models of a multi-model endpoint share; "
        "used where neither `SERVE_MODELS_DIR/code` nor `/opt/ml/code` is there",
    )
    universal_prefix: str | None = variable(
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX", read.text, "", group=_CODE,
        meaning="the folder in that bucket that holds `inference.py`, `requirements.txt` and `lib`",
    )
    # fmt: on
