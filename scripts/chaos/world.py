"""What is served: one compiled model, or an endpoint whose models come and go; and with which settings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from benchmark import simulated
from chaos.forms import Target
from chaos.place import Place
from neuronserve.settings import Settings

_FACTOR = 2.0
RESIDENTS = 2  # models of the endpoint that stay, and get the steady load
GUESTS = 6  # models that come and go
_COPIES, _PER_SERVER = 2, 2  # with four servers: room for four models, half of all there are
ENDLESS = "10000"  # restarts


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the person asked for. ``cpu``: embedded servers instead of a simulated ``instance``; 0: none.

    ``model``: a folder of versions to serve instead of the tool's own model; it has to double rows of three.
    """

    multi_model: bool = False
    instance: str = "inf1.6xlarge"
    cpu: int = 0
    model: Path | None = None
    settings: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class World:
    """``targets`` get the steady load; ``environ``: the service's variables; ``settings``: what they mean."""

    targets: tuple[Target, ...]
    environ: Mapping[str, str]
    settings: Settings
    told: tuple[str, ...]  # those that differ from the service's defaults, for the report


def prepared(wanted: Wanted, place: Place) -> World:
    """With its models on disk. Raises SettingsError for ``--set`` that the service does not take."""
    varied = {
        "SERVE_MAX_RESTARTS": ENDLESS,  # an hour of kills is no reason to give up here
        **({"MODEL_SERVER": "cpu", "SAGEMAKER_TFS_INSTANCE_COUNT": str(wanted.cpu)} if wanted.cpu else {}),
        **({} if wanted.cpu else {"SERVE_SIMULATE": wanted.instance}),
    }
    if wanted.multi_model:
        targets = tuple(resident(number) for number in range(RESIDENTS))
        varied |= {
            "SAGEMAKER_MULTI_MODEL": "true",
            "SERVE_MODELS_DIR": str(place.models),
            "SERVE_MODEL_COPIES": str(_COPIES),
            "SERVE_MODELS_PER_SERVER": str(_PER_SERVER),
        }
        for one in (*targets, *(guest(n, turn) for n in range(GUESTS) for turn in range(2))):
            simulated.model(folder_of(place, one), factor=one.factor)
    else:
        targets = (Target("model", "/invocations", _FACTOR),)
        model = wanted.model or simulated.model(place.models / "model", factor=_FACTOR)
        varied |= {"MODEL_URI": str(model), "MODEL_NAME": "model"}
    varied |= dict(wanted.settings)
    environ = {
        "SERVE_RUNTIME_DIR": str(place.runtime),
        "SERVE_CACHE_DIR": str(place.cache),
        "TMPDIR": str(place.temporary),
        "SERVE_REQUEST_LOG": "false",  # an hour of it is a hundred megabytes
        "SERVE_LOG_FORMAT": "json",
        **varied,
    }
    told = tuple(f"{name}={value}" for name, value in sorted(varied.items()))
    return World(targets, environ, Settings.from_environ({**os.environ, **environ}), told)


def resident(number: int) -> Target:
    return _target(f"resident-{number}", _FACTOR + number)


def guest(number: int, turn: int) -> Target:
    """The same name comes with other contents, from another folder, every other time."""
    return _target(f"guest-{number}", 100.0 + 10 * number + turn)


def _target(name: str, factor: float) -> Target:
    return Target(name, f"/models/{name}/invoke", factor)


def folder_of(place: Place, target: Target) -> Path:
    """Where the platform unpacked it."""
    return place.models / f"{target.name}-times-{target.factor:g}"
