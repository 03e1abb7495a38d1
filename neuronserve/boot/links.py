"""``/opt/ml/model`` and ``/opt/ml/models``, which scripts know from SageMaker, while the service runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import modeldir
from neuronserve.boot import fetch


@contextlib.contextmanager
def withdrawn(runtime: Path) -> Iterator[None]:
    """At the end they lead nowhere any more, where this service made them."""
    try:
        yield
    finally:
        for place in (modeldir.MODEL, modeldir.MODELS):
            modeldir.withdraw(place, runtime / fetch.WORK)


def offer_models(models_dir: Path, runtime: Path) -> None:
    """``/opt/ml/models`` leads to SERVE_MODELS_DIR, where it can; for a single model see artifact/code.py."""
    if models_dir.is_dir():
        modeldir.offer(modeldir.MODELS, models_dir, runtime / fetch.WORK)
