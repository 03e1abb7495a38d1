"""Code that all models of a multi-model endpoint share, as in AWS's container.

It lies in ``SERVE_MODELS_DIR/code`` or, beside SERVE_MODELS_DIR, in ``/opt/ml/code``; without these it comes
from ``s3://SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET/SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX/``. Its
``inference.py`` is for models that bring none. Its other modules, its ``lib`` and the packages of its
``requirements.txt`` can be imported by all models, also by those with code of their own.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from neuronserve import privileges
from neuronserve.errors import ArtifactError
from neuronserve.settings import Settings

if TYPE_CHECKING:
    from neuronserve.artifact.progress import Report

log = logging.getLogger(__name__)
FOLDER = "code"
_HOLDS = ("inference.py", "requirements.txt", "lib")


def at_start(settings: Settings) -> bool:
    """Whether there is any to be made ready before the first model is loaded."""
    return settings.multi_model and (bool(folders(settings)) or named(settings))


def named(settings: Settings) -> bool:
    """Whether the settings name a place in S3."""
    return bool(settings.universal_bucket and settings.universal_prefix)


def folders(
    settings: Settings, model_dir: Path | None = None, fetched: Path | None = None
) -> tuple[Path, ...]:
    """The real folders for the model in ``model_dir``, nearest first; None: those for all models.

    ``fetched``: what came from S3; it counts where none lies there for all models.
    """
    of_all = tuple(_holding(_of_all(settings), settings)) or ((fetched,) if fetched is not None else ())
    if model_dir is None:
        return of_all
    return (*_holding(_between(settings, model_dir), settings), *of_all)


def fetch(settings: Settings, report: Report) -> Path:
    """The folder with what S3 holds. Raises ArtifactError."""
    from neuronserve.artifact import remote  # and with it boto3
    from neuronserve.artifact.location import S3Location
    from neuronserve.artifact.retry import Patience
    from neuronserve.artifact.source import Order

    prefix = (settings.universal_prefix or "").strip("/")
    at = S3Location(settings.universal_bucket or "", f"{prefix}/", prefix=True)
    plain = dataclasses.replace(settings, model_digest=None)  # which is the model's
    try:
        return remote.obtain(at, Order(plain, report, Patience(settings.download_retries))).path
    except ArtifactError as error:
        error.message = f"shared code (SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET): {error.message}"
        raise


def _holding(folders: Iterator[Path], settings: Settings) -> Iterator[Path]:
    """Those that hold code, but for one that a model's graph has written where everybody may write."""
    model_server = privileges.accounts(settings).model_server
    for one in folders:
        if not any((one / name).exists() for name in _HOLDS):
            continue
        real = one.resolve()
        written_by = {
            path.stat().st_uid for path in (real, *(real / name for name in _HOLDS)) if path.exists()
        }
        if model_server is not None and model_server.uid in written_by:
            log.warning("%s is not used: a model server's user has written it", real)
        else:
            yield real


def _between(settings: Settings, model_dir: Path) -> Iterator[Path]:
    """Beside the folders between the model's and the one of all models, nearest first."""
    top, here = settings.models_dir.resolve(), model_dir.resolve()
    if not settings.multi_model or not here.is_relative_to(top):
        return
    while here.parent not in (top, here):
        here = here.parent
        yield here / FOLDER


def _of_all(settings: Settings) -> Iterator[Path]:
    if settings.multi_model:
        top = settings.models_dir.resolve()
        yield top / FOLDER
        yield top.parent / FOLDER  # /opt/ml/code, where the newest of AWS's containers look
