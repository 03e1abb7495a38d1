"""The code that comes with a model: found, its packages installed, and shown to be loadable.

``code/inference.py`` beside the models, as AWS's own container has it. On a multi-model endpoint each model
may bring its own; one that brings none takes that of all models (``sharedcode.py``). ``code/lib`` holds
packages that are there already: with it ``requirements.txt`` is not installed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from neuronserve import privileges
from neuronserve.artifact import handlercheck, modeldir, requirements, sharedcode
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.progress import Report
from neuronserve.artifact.source import readable
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
FOLDER, SCRIPT, LIB = "code", "inference.py", "lib"


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Where a model is made ready.

    ``model_dir``: the folder that is served while MODEL_URI is unset. ``work_dir``: for links. ``place``: the
    path that leads to the model for its code, ``/opt/ml/model``; None: none does. ``keep``: it still does
    after the script was tried. ``shared``: the code of all models that came from S3.
    """

    model_dir: Path
    work_dir: Path
    place: Path | None = None
    keep: bool = False
    shared: Path | None = None


def made_ready(bundle: Bundle, settings: Settings, around: Surroundings, report: Report) -> Bundle:
    """The bundle with its code and packages, ready to be loaded by a worker.

    Raises RequirementsFailed and BrokenHandler; AccessDenied for what cannot be read.
    """
    own = _own(bundle)
    shared = _shared(own, settings, around, report)
    code = found(own, shared)
    if code is None:
        return bundle
    others = [folder for one in shared if one != code for folder in importable(one, settings, report)]
    packages = os.pathsep.join(filter(None, (_packages(code, settings, report), *others)))
    with _at_its_place(bundle, around):
        handlercheck.check(
            code, packages, settings.install_seconds, report,
            separate=settings.multi_model, model_dir=bundle.model_dir,
            account=privileges.accounts(settings).gateway,
        )  # fmt: skip
    return dataclasses.replace(bundle, code=str(code), packages=packages)


def shared_made_ready(settings: Settings, report: Report) -> str:
    """The folder with the code that all models share, its requirements installed; before any model is there.

    Raises ArtifactError, RequirementsFailed, and BrokenHandler for a script that cannot be loaded.
    """
    shared = next(iter(sharedcode.folders(settings)), None) or sharedcode.fetch(settings, report)
    packages = _packages(shared, settings, report)
    if (shared / SCRIPT).is_file():
        handlercheck.check(
            shared, packages, settings.install_seconds, report,
            separate=True, account=privileges.accounts(settings).gateway,
        )  # fmt: skip
    return str(shared)


def found(own: Path | None, shared: Sequence[Path]) -> Path | None:
    """The real folder of the model's ``inference.py``, its own before the shared ones; None without one."""
    for folder in (own, *shared):
        if folder is not None and (folder / SCRIPT).is_file():
            real: Path = (folder / SCRIPT).resolve()
            return real.parent  # beside it lies what it imports
    if own is not None:
        log.warning("%s holds no %s: nothing of it is used", FOLDER, SCRIPT)
    return None


def importable(shared: Path, settings: Settings, report: Report) -> list[str]:
    """The folders that a model with code of its own imports from, of the code that all models share."""
    lib = shared / LIB
    folders = [str(shared), str(lib) if lib.is_dir() else "", _packages(shared, settings, report)]
    return [folder for folder in folders if folder]


def _shared(own: Path | None, settings: Settings, around: Surroundings, report: Report) -> tuple[Path, ...]:
    """Code that is not the model's own; a single model that brings none takes that in S3, as in AWS's."""
    if settings.multi_model:
        return sharedcode.folders(settings, around.model_dir, around.shared)
    return (sharedcode.fetch(settings, report),) if own is None and sharedcode.named(settings) else ()


def _own(bundle: Bundle) -> Path | None:
    own = bundle.extras_path / FOLDER if bundle.extras_path is not None else None
    return own if own is not None and own.is_dir() else None


def _packages(code: Path, settings: Settings, report: Report) -> str:
    """The folder that its ``requirements.txt`` is installed in; "" for none."""
    with readable(code):
        has_lib, asks = (code / LIB).is_dir(), (code / requirements.FILE).is_file()
    if asks and has_lib:
        log.warning("%s/%s is there: %s is not installed", FOLDER, LIB, requirements.FILE)
    elif asks:
        return str(requirements.installed(code, settings, report) or "")
    return ""


@contextlib.contextmanager
def _at_its_place(bundle: Bundle, around: Surroundings) -> Iterator[None]:
    """``/opt/ml/model`` leads to the model meanwhile, where that can be."""
    if around.place is None or not bundle.model_dir:
        yield
        return
    if not modeldir.offer(around.place, Path(bundle.model_dir), around.work_dir):
        other = os.path.lexists(around.place)  # a script would read files that are not this model's
        level = logging.WARNING if other else logging.INFO
        log.log(level, "%s does not lead to the model, which lies in %s", around.place, bundle.model_dir)
    try:
        yield
    except BaseException:
        modeldir.withdraw(around.place, around.work_dir)
        raise
    if not around.keep:
        modeldir.withdraw(around.place, around.work_dir)
