"""From the bundle and the ground it will stand on to the model servers to start: values."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronserve.artifact.bundle import Bundle
from neuronserve.boot import cores
from neuronserve.boot.cores import Ground
from neuronserve.boot.judge import Standard
from neuronserve.neuron import allotment
from neuronserve.readiness import GOLDEN_FILE
from neuronserve.settings import Settings
from neuronserve.state import Model

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch

_log = logging.getLogger("serve")
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
    from neuronserve.modelserver.sizing import sized

    allotment.refuse_other_target(ground.host, bundle.target)
    allotted = cores.allot(settings, ground, bundle.models)
    # servers must show that they answer what workers will send them
    models = tuple(
        dataclasses.replace(model, compiled=sized(model.compiled, settings)) for model in bundle.models
    )
    tcp = bool(bundle.code) and settings.handler_ports
    launches = launch.plan(settings, models, allotted.owners, runtime, environ, kind, tcp=tcp)
    warn_of_open_ports(launches, kind)
    if settings.max_batch_size and any(one.joins for one in launches):
        _log.warning("SAGEMAKER_TFS_MAX_BATCH_SIZE has no effect: the model was compiled at a fixed batch")
    return Loading(
        launches,
        Standard(
            settings, golden_file(settings, bundle), runtime / BOARD, tuple(m.name for m in bundle.models)
        ),
        {
            "step": "load",
            "detail": "",
            "models": tuple(
                Model(
                    model.name,
                    model.versions,
                    model.compiled,
                    bundle.code,
                    bundle.packages,
                    bundle.model_dir,
                )
                for model in models
            ),
            "default_model": settings.default_model_name or bundle.default_model,
            "ownership": allotted.map,
        },
    )


def warn_of_open_ports(launches: Sequence[Launch], kind: str) -> None:
    """TensorFlow Serving opens its ports on all addresses, whatever its log says."""
    from neuronserve.modelserver import programs

    ports = [str(port) for one in launches for port in (one.rest_port, one.grpc_port) if port]
    if ports and programs.listens_everywhere(kind):
        _log.warning(
            "for a model's own code, model servers listen on all addresses, ports %s: keep others off them "
            "(a security group), or set SERVE_HANDLER_PORTS=false where the code needs but context.channel",
            ", ".join(ports),
        )


def golden_file(settings: Settings, bundle: Bundle) -> Path | None:
    """SERVE_GOLDEN, else what came with the artifact."""
    if settings.golden is not None or bundle.extras_path is None:
        return settings.golden
    found = bundle.extras_path / GOLDEN_FILE
    return found if found.is_file() else None
