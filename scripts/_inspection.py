"""A model fetched and looked into, for scripts/inspect-model and the scripts that deploy."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from _workshop import say
from neuronserve import exitcodes
from neuronserve.artifact import local
from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.inspect import look, scan, uncompiled
from neuronserve.artifact.inspect.reading import reading
from neuronserve.artifact.inspect.report import Report
from neuronserve.artifact.obtain import fetch
from neuronserve.artifact.progress import Progress
from neuronserve.artifact.retry import Patience
from neuronserve.artifact.source import Order
from neuronserve.compiled import Compiled
from neuronserve.deploy.desk import Desk
from neuronserve.errors import DamagedModel, NeuronserveError
from neuronserve.settings import Settings


def show(model: str, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print the report of each version that can be read; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="inspect-model-") as scratch:
        try:
            bundle = fetch(_settings(model, environ, Path(scratch)), work_dir=Path(scratch), report=_Steps())
        except NeuronserveError as error:
            return _failed(error)
        code = exitcodes.STOPPED
        found: list[tuple[str, int, Report]] = []
        for name, version, folder in _versions(bundle):
            try:
                with reading(folder):
                    found.append((name, version, look.inspect(folder)))
                    found[-1][2].compiled(version)
            except DamagedModel as error:  # the other versions may be whole
                code = _failed(error)
    if as_json:
        versions = [
            {"model": name, "version": version, **_lasting(report)} for name, version, report in found
        ]
        print(json.dumps({"source": model, "versions": versions}, indent=2))
    elif found:
        print("\n\n".join(report.to_text(f"{name}, version {number}") for name, number, report in found))
    return code


def desk() -> Desk:
    """A desk for a script that deploys, which can look into models."""
    return Desk(inspect=compiled, unpack=unpacked, uncompiled=uncompiled.read)


def compiled(model: str) -> dict[str, tuple[Compiled, ...]]:
    """What was compiled into each version of each model of an artifact; raises ArtifactError."""
    if "://" not in model:
        model = str(Path(model).absolute())
    with tempfile.TemporaryDirectory(prefix="inspect-model-") as scratch:
        bundle = fetch(_settings(model, os.environ, Path(scratch)), work_dir=Path(scratch), report=_Steps())
        found: dict[str, tuple[Compiled, ...]] = {}
        for name, version, folder in _versions(bundle):
            found[name] = (*found.get(name, ()), look.inspect(folder).compiled(version))
        return found


def unpacked(archive: Path, scratch: Path) -> Path:
    """The tree in an archive, made in ``scratch`` as the container makes it; raises ArtifactError."""
    environ = {name: value for name, value in os.environ.items() if name != "MODEL_DIGEST"}
    settings = _settings(str(archive.absolute()), environ, scratch)
    return local.obtain(archive.absolute(), Order(settings, _Steps(), Patience(0))).path


def _settings(model: str, environ: Mapping[str, str], scratch: Path) -> Settings:
    path = Path(model)
    if path.name in scan.FILES and path.is_file():
        model = str(path.parent)
    chosen = {name: value for name, value in environ.items() if name != "COMPILATION_JOB"}
    return Settings.from_environ({"SERVE_CACHE_DIR": str(scratch / "cache"), **chosen, "MODEL_URI": model})


def _versions(bundle: Bundle) -> Iterator[tuple[str, int, Path]]:
    for model in bundle.models:
        for version in model.versions:
            yield model.name, version, (model.base_path / str(version)).resolve()


def _lasting(report: Report) -> dict[str, Any]:
    """All but where the version lay: that is gone."""
    return {key: value for key, value in report.as_dict().items() if key != "path"}


def _failed(error: NeuronserveError) -> int:
    print(f"inspect-model: {error}", file=sys.stderr)
    return exitcodes.of(error)


class _Steps:
    """Tells a waiting person what takes so long."""

    def __init__(self) -> None:
        self._step = ""

    def __call__(self, progress: Progress) -> None:
        if progress.step != self._step and sys.stderr.isatty():
            say(progress.step)
        self._step = progress.step
