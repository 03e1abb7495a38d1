"""What the container's half makes of models, for scripts/package-model: ``neuronserve/deploy/models.py``."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import layout, local, normalise, obtain, strangers
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.inspect import advice, look
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.progress import Gentle, Progress
from neuronserve.artifact.retry import Patience
from neuronserve.artifact.source import Order, readable
from neuronserve.compiled import Compiled
from neuronserve.deploy.models import Accepted, Found, Tree
from neuronserve.deploy.packing.given import HIGHEST
from neuronserve.errors import InvalidInput, NeuronserveError, WarmUpFailed
from neuronserve.readiness import GOLDEN_FILE, recorded, replayed
from neuronserve.readiness.subject import Subject
from neuronserve.settings import Settings

_BOUNDS = ("SERVE_MAX_FILES", "SERVE_MAX_UNPACKED_MB", "SERVE_DOWNLOAD_RETRIES")
_NOWHERE = Path("/nonexistent")  # no model of the machine's own is meant


class Reader:
    """Reads and judges models with the code that `serve` runs."""

    @contextlib.contextmanager
    def opened(self, source: str) -> Iterator[Tree]:
        with tempfile.TemporaryDirectory(prefix="package-model-") as scratch:
            order = _order(source, Path(scratch))
            at, order = obtain.located(order, _NOWHERE)
            if isinstance(at, S3Location):
                from neuronserve.artifact import remote  # and with it boto3

                tree = remote.obtain(at, order)
            else:
                tree = local.obtain(at.path, order)
            with readable(tree.path):
                files, folders = normalise.listed(tree.path, max_files=order.settings.max_files)
            with _no_log():
                made = layout.plan(files, folders, source=source, open_file=strangers.opener(tree.path))
                found = layout.find(files, source)
            yield Tree(
                tree.path,
                tuple(_found(tree.path, one, source) for one in found),
                {shown: tree.path / path for shown, path in made.extras.items()},
            )

    def accepted(self, archive: Path) -> Accepted:
        with tempfile.TemporaryDirectory(prefix="package-model-") as folder:
            try:
                found = _accepted(archive, Path(folder))
            except NeuronserveError as error:
                error.message = _lasting(error.message, folder, archive)
                raise
        told = tuple(_lasting(text, folder, archive) for text in found.warnings)
        return dataclasses.replace(found, warnings=told)


def _lasting(text: str, scratch: str, archive: Path) -> str:
    """A message that names files by their place in the archive, not by where they lay for a moment."""
    return re.sub(rf"{re.escape(scratch)}/\S*?/(tree|extras|models)/", f"{archive}: ", text)


def _accepted(archive: Path, scratch: Path) -> Accepted:
    with _warnings() as told:
        bundle = obtain.fetch(_settings(str(archive.absolute()), scratch), work_dir=scratch, report=_quiet)
        models = {
            model.name: tuple(_compiled(bundle, model.name, version, told) for version in model.versions)
            for model in bundle.models
        }
        return Accepted(
            models,
            bundle.default_model,
            code="code" in bundle.extras and (_extra(bundle, "code") / "inference.py").is_file(),
            golden=_golden(bundle),
            warm_up=_warm_up(bundle),
            warnings=tuple(told),
        )


def _found(root: Path, one: layout.Found, source: str) -> Found:
    """A SavedModel that was named itself, such as ``exported/7``, has the version of its folder."""
    own = Path(source).resolve().name if not one.path and Path(source).is_dir() else ""
    version = int(own) if own.isascii() and own.isdecimal() and int(own) <= HIGHEST else one.version
    return Found(one.name, version, root / one.path)


def _settings(model: str, scratch: Path) -> Settings:
    given = {name: os.environ[name] for name in _BOUNDS if name in os.environ}
    return Settings.from_environ({**given, "SERVE_CACHE_DIR": str(scratch / "cache"), "MODEL_URI": model})


def _order(source: str, scratch: Path) -> Order:
    settings = _settings(source if "://" in source else str(Path(source).absolute()), scratch)
    return Order(settings, Gentle(_quiet), Patience(settings.download_retries))


def _quiet(_: Progress) -> None:
    """Nobody waits long enough to be told."""


def _compiled(bundle: Bundle, name: str, version: int, told: list[str]) -> Compiled:
    """What was compiled into a version. Raises DamagedModel."""
    report = look.inspect(_folder(bundle, name, version))
    told += [f"{name}, version {version}: {one.what}" for one in advice.advice(report) if one.grave]
    return report.compiled(version)


def _folder(bundle: Bundle, name: str, version: int) -> Path:
    model = next(model for model in bundle.models if model.name == name)
    return (model.base_path / str(version)).resolve()


def _extra(bundle: Bundle, name: str) -> Path:
    assert bundle.extras_path is not None  # noqa: S101  there are extras
    return bundle.extras_path / name


def _golden(bundle: Bundle) -> int:
    """Lines of recorded requests; each is for a model and version that is there. Raises InvalidInput."""
    if GOLDEN_FILE not in bundle.extras:
        return 0
    versions = {model.name: model.versions for model in bundle.models}
    count = 0
    with _readably():
        for line in recorded.read(_extra(bundle, GOLDEN_FILE)):
            count += 1
            where = f"{GOLDEN_FILE},{line.where.partition(',')[2]}"
            name = line.model or (next(iter(versions)) if len(versions) == 1 else "")
            if name not in versions:
                what = f"there is no model {name!r}" if name else 'it names no "model", and there are several'
                raise InvalidInput(f"{where}: {what}", hint=f"models: {', '.join(versions)}")
            if line.version is not None and line.version not in versions[name]:
                raise InvalidInput(f"{where}: {name} has no version {line.version}")
    return count


def _warm_up(bundle: Bundle) -> int:
    """Warm-up requests that came with all versions. Raises InvalidInput for a file that is none."""
    with _readably():
        return sum(
            len(
                list(
                    replayed.questions(
                        Subject(model.name, version, _folder(bundle, model.name, version), None)
                    )
                )
            )
            for model in bundle.models
            for version in model.versions
        )


@contextlib.contextmanager
def _readably() -> Iterator[None]:
    try:
        yield
    except WarmUpFailed as error:
        raise InvalidInput(error.message, hint=error.hint) from error


@contextlib.contextmanager
def _warnings() -> Iterator[list[str]]:
    """What is logged as a warning meanwhile, as text."""
    told: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    log, listener = logging.getLogger("neuronserve"), Listener(logging.WARNING)
    log.addHandler(listener)
    before, log.propagate = log.propagate, False
    try:
        yield told
    finally:
        log.removeHandler(listener)
        log.propagate = before


@contextlib.contextmanager
def _no_log() -> Iterator[None]:
    with _warnings():
        yield
