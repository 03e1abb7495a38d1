"""From the settings to a bundle: locate, fetch and verify, normalise, inspect."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import location, misplaced, modeldir, normalise
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.inspect import reading, scan
from neuronserve.artifact.location import LocalLocation, Location, S3Location
from neuronserve.artifact.progress import INSPECT, LOCATE, NORMALISE, Gentle, Progress, Report
from neuronserve.artifact.retry import Patience
from neuronserve.artifact.source import Order, Tree, readable
from neuronserve.compiled import Compiled
from neuronserve.errors import ArtifactError, ModelNotFound
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
DEFAULT_MODEL_DIR = modeldir.MODEL


def obtain(
    settings: Settings,
    *,
    work_dir: Path,
    report: Report,
    default_model_dir: Path = DEFAULT_MODEL_DIR,
    patience: Patience | None = None,
) -> Bundle:
    """Get the model that the settings name, and look into it. Raises ArtifactError. See ``fetch``."""
    bundle = fetch(
        settings, work_dir=work_dir, report=report, default_model_dir=default_model_dir, patience=patience
    )
    with orderly():
        return _inspected(bundle, Gentle(report))


def fetch(
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
    order = Order(settings, Gentle(report), patience or Patience(settings.download_retries))
    with orderly():
        bundle = _fetch(order, work_dir, default_model_dir)
    for model in bundle.models:
        log.info("%s: versions %s", model.name, ", ".join(map(str, model.versions)))
    return bundle


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """What no room of this house expects: a failing disk, a read-only mount. Raises ArtifactError."""
    try:
        yield
    except OSError as error:
        where = error.filename or "while the model was fetched"
        raise ArtifactError(f"{where}: {error.strerror or type(error).__name__}") from error


def _fetch(order: Order, work_dir: Path, default_model_dir: Path) -> Bundle:
    order.report(Progress(LOCATE))
    at, order = located(order, default_model_dir)
    tree = _tree(at, order)
    order.report(Progress(NORMALISE))
    made = normalise.normalise(
        tree,
        work_dir,
        name=order.settings.model_name,
        default=order.settings.default_model_name,
        max_files=order.settings.max_files,
    )
    with readable(tree.path):
        for line in misplaced.warnings(tree.path, _script_folder(made)):
            log.warning("%s", line)
    return dataclasses.replace(made, target=order.target)


def _script_folder(bundle: Bundle) -> Path | None:
    """The real folder of the ``inference.py`` that came along and is run."""
    script = bundle.extras_path / misplaced.RIGHT if bundle.extras_path is not None else None
    return script.resolve().parent if script is not None and script.is_file() else None


def _inspected(bundle: Bundle, report: Report) -> Bundle:
    """The bundle with what was compiled into each version. Raises DamagedModel."""
    models = tuple(
        dataclasses.replace(
            model, compiled=tuple(_compiled(model, version, report) for version in model.versions)
        )
        for model in bundle.models
    )
    return dataclasses.replace(bundle, models=models)


def _compiled(model: BundledModel, version: int, report: Report) -> Compiled:
    folder = model.base_path / str(version)
    with readable(folder), reading.reading(folder):
        neuron = scan.mentions_neuron(folder)
        if not neuron and not (folder / scan.COLUMNS).exists():
            return Compiled(version)  # not parsed: it can be large, and the model server judges it
        # and with them TensorFlow's messages
        from neuronserve.artifact.inspect import advice, columns, look, text

        order = columns.read(folder.resolve())
        if not neuron:
            return Compiled(version, columns=order)
        which = f"{model.name}, version {version}"
        report(Progress(INSPECT, detail=which))
        found = look.inspect(folder.resolve())
        for one in advice.advice(found):
            if one.grave:
                log.warning("%s", text.printable(f"{which}: {one.what}"))
        return dataclasses.replace(found.compiled(version), columns=order)


def located(order: Order, default_model_dir: Path) -> tuple[Location, Order]:
    """Where the model is, and the order with what a compilation job claims. Raises ArtifactError."""
    settings = order.settings
    if settings.compilation_job:
        from neuronserve.artifact import neojob

        job = neojob.located(settings.compilation_job, order.patience)
        neojob.refuse_other_host(job, settings)
        return job.at, Order(settings, order.report, order.patience, job.hearsay, job.target)
    if settings.model_uri:
        return location.parse(settings.model_uri), order
    with readable(default_model_dir):
        absent = not default_model_dir.is_dir() or modeldir.is_ours(default_model_dir)
        empty = absent or not any(default_model_dir.iterdir())
    if empty:
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
