"""From the settings to a bundle: locate, fetch and verify, normalise."""

from __future__ import annotations

import logging
from pathlib import Path

from neuronserve.artifact import location, normalise
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.location import LocalLocation, Location, S3Location
from neuronserve.artifact.progress import LOCATE, NORMALISE, Gentle, Progress, Report
from neuronserve.artifact.retry import Patience
from neuronserve.artifact.source import Order, Tree
from neuronserve.errors import ModelNotFound
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
DEFAULT_MODEL_DIR = Path("/opt/ml/model")  # where SageMaker puts a model


def obtain(
    settings: Settings,
    *,
    work_dir: Path,
    report: Report,
    default_model_dir: Path = DEFAULT_MODEL_DIR,
    patience: Patience | None = None,
) -> Bundle:
    """Get the model that the settings name, verified and normalised. Raises ArtifactError.

    ``work_dir`` gets the tree of links; models themselves stay where they are, or go to the cache.
    ``report`` is called from several threads, but never twice at once, and about twice a second.
    """
    gentle = Gentle(report)
    gentle(Progress(LOCATE))
    order = Order(settings, gentle, patience or Patience(settings.download_retries))
    at, order = _located(order, default_model_dir)
    tree = _tree(at, order)
    gentle(Progress(NORMALISE))
    bundle = normalise.normalise(
        tree,
        work_dir,
        name=settings.model_name,
        default=settings.default_model_name,
        max_files=settings.max_files,
    )
    for model in bundle.models:
        log.info("%s: versions %s", model.name, ", ".join(map(str, model.versions)))
    return bundle


def _located(order: Order, default_model_dir: Path) -> tuple[Location, Order]:
    settings = order.settings
    if settings.compilation_job:
        from neuronserve.artifact import neojob

        at, hearsay = neojob.located(settings.compilation_job, order.patience)
        return at, Order(settings, order.report, order.patience, hearsay)
    if settings.model_uri:
        return location.parse(settings.model_uri), order
    if not default_model_dir.is_dir() or not any(default_model_dir.iterdir()):
        raise ModelNotFound(
            f"MODEL_URI is not set, and {default_model_dir} is empty or does not exist",
            hint=f"set MODEL_URI to s3://bucket/key.tar.gz, or mount a SavedModel at {default_model_dir}",
        )
    return LocalLocation(default_model_dir), order


def _tree(at: Location, order: Order) -> Tree:
    if isinstance(at, S3Location):
        from neuronserve.artifact import remote  # and with it boto3: only where it is needed

        return remote.obtain(at, order)
    from neuronserve.artifact import local

    return local.obtain(at.path, order)
