"""From the bundle and the ground it will stand on to the model servers to start: values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.boot import cores
from neuronserve.boot.cores import Ground
from neuronserve.boot.judge import Standard
from neuronserve.compiled import Compiled
from neuronserve.readiness import GOLDEN_FILE
from neuronserve.settings import Settings
from neuronserve.state import Model

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch

BOARD = "in-flight"  # the gateway's, in the runtime folder


@dataclasses.dataclass(frozen=True)
class Loading:
    """``news``: what the condition of the service learns by it."""

    launches: tuple[Launch, ...]
    standard: Standard
    news: Mapping[str, Any]


def plan(
    settings: Settings, bundle: Bundle, ground: Ground, runtime: Path, environ: Mapping[str, str], kind: str
) -> Loading:
    """Raises NeuronserveError for what cannot be: too few cores, another generation, no port."""
    from neuronserve.modelserver import launch

    allotment = cores.allot(settings, ground, bundle.models)
    # servers must show that they answer what workers will send them
    models = tuple(sized(model, settings) for model in bundle.models)
    launches = launch.plan(settings, models, allotment.owners, runtime, environ, kind)
    return Loading(
        launches,
        Standard(
            settings, golden_file(settings, bundle), runtime / BOARD, tuple(m.name for m in bundle.models)
        ),
        {
            "step": "load",
            "detail": "",
            "models": tuple(Model(model.name, model.versions, model.compiled) for model in models),
            "default_model": settings.default_model_name or bundle.default_model,
            "ownership": allotment.map,
        },
    )


def golden_file(settings: Settings, bundle: Bundle) -> Path | None:
    """SERVE_GOLDEN, else what came with the artifact."""
    if settings.golden is not None or bundle.extras_path is None:
        return settings.golden
    found = bundle.extras_path / GOLDEN_FILE
    return found if found.is_file() else None


def sized(model: BundledModel, settings: Settings) -> BundledModel:
    """The model with its compiled batches as SERVE_COMPILED_BATCH has them, and as its servers take them."""
    wanted = settings.compiled_batch
    compiled = model.compiled
    if wanted == "off":
        compiled = tuple(dataclasses.replace(one, signatures={}) for one in compiled)
    elif isinstance(wanted, int):
        compiled = tuple(_resized(one, wanted) for one in compiled)
    if settings.enable_batching and settings.batching_file is None:
        compiled = tuple(_joined(one, settings.max_batch_size) for one in compiled)
    return dataclasses.replace(model, compiled=compiled)


def _resized(one: Compiled, size: int) -> Compiled:
    signatures = {name: dataclasses.replace(batch, size=size) for name, batch in one.signatures.items()}
    return dataclasses.replace(one, signatures=signatures)


def _joined(one: Compiled, most: int | None) -> Compiled:
    """What takes any number of rows is taken as fixed at ``most``, where its server joins rows.

    So no part of a request has more rows than a batch of the server, which would refuse it.
    """
    signatures = {
        name: dataclasses.replace(batch, size=_multiple(batch.size, most), dynamic=False)
        if batch.dynamic and batch.whole and not batch.unjoinable
        else batch
        for name, batch in one.signatures.items()
    }
    return dataclasses.replace(one, signatures=signatures)


def _multiple(size: int, most: int | None) -> int:
    """The rows that a server joins: whole batches of the compiled size, at least ``most``."""
    from neuronserve.modelserver import batching

    wanted = most or (size if size > 1 else batching.DEFAULT_ROWS)
    return -(-wanted // size) * size
