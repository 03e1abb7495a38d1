"""Choosing a signature, and telling the answer's reader which was chosen."""

from __future__ import annotations

from typing import Any, Final

from neuronserve.cpuserver.models.servable import Servable

DEFAULT: Final = "serving_default"
PREDICT: Final = "tensorflow/serving/predict"
CLASSIFY: Final = "tensorflow/serving/classify"
REGRESS: Final = "tensorflow/serving/regress"


def name_of(model_spec: Any) -> str:
    return model_spec.signature_name or DEFAULT


def fill(target: Any, asked: Any, servable: Servable) -> None:
    """The answer's ``model_spec``: the name as asked, the version that answered, the signature used."""
    target.name = asked.name
    target.version.value = servable.version
    target.signature_name = name_of(asked)


def listed(names: Any) -> str:
    """Names as TF Serving lists sets of them."""
    return ",".join(sorted(names))
