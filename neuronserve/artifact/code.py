"""The code that comes with a model: found, its packages installed, and shown to be loadable.

``code/inference.py`` beside the models, as AWS's own container has it. On a multi-model endpoint each model
may bring its own; one that brings none takes the nearest above it, up to SERVE_MODELS_DIR/code and, beside
SERVE_MODELS_DIR, /opt/ml/code: these are all models'. ``code/lib`` holds packages that are there already:
with it ``requirements.txt`` is not installed.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import handlercheck, requirements
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.progress import Report
from neuronserve.artifact.source import readable
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
FOLDER, SCRIPT, LIB = "code", "inference.py", "lib"


def made_ready(bundle: Bundle, settings: Settings, model_dir: Path, report: Report) -> Bundle:
    """The bundle with its code and packages, ready to be loaded by a worker.

    ``model_dir``: the folder that was served while MODEL_URI is unset. Raises RequirementsFailed and
    BrokenHandler; AccessDenied for what cannot be read.
    """
    code = found(bundle, settings, model_dir)
    if code is None:
        return bundle
    with readable(code):
        has_lib, asks = (code / LIB).is_dir(), (code / requirements.FILE).is_file()
    packages = ""
    if asks and has_lib:
        log.warning("%s/%s is there: %s is not installed", FOLDER, LIB, requirements.FILE)
    elif asks:
        packages = str(requirements.installed(code, settings, report) or "")
    handlercheck.check(code, packages, settings.install_seconds, report, separate=settings.multi_model)
    return dataclasses.replace(bundle, code=str(code), packages=packages)


def found(bundle: Bundle, settings: Settings, model_dir: Path) -> Path | None:
    """The real folder of the model's ``inference.py``; None without one."""
    own = bundle.extras_path / FOLDER if bundle.extras_path is not None else None
    for folder in (*([own] if own else ()), *_above(settings, model_dir)):
        if (folder / SCRIPT).is_file():
            real: Path = (folder / SCRIPT).resolve()
            return real.parent  # beside it lies what it imports
    if own is not None and own.is_dir():
        log.warning("%s holds no %s: nothing of it is used", FOLDER, SCRIPT)
    return None


def _above(settings: Settings, model_dir: Path) -> Iterator[Path]:
    """Where a multi-model endpoint's model may find code that is not its own, nearest first."""
    if not settings.multi_model:
        return
    top, here = settings.models_dir.resolve(), model_dir.resolve()
    if not here.is_relative_to(top):
        return
    while here != top:
        here = here.parent
        yield here / FOLDER
    yield top.parent / FOLDER  # /opt/ml/code, where the newest of AWS's containers look
