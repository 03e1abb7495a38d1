"""An endpoint's containers, made ready to start: their folders filled, their ports chosen, their runners."""

from __future__ import annotations

import dataclasses
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve.deploy.engine import CommandLine
from neuronserve.deploy.sagemaker.local import artifacts, ports, variables
from neuronserve.deploy.sagemaker.local import wanted as values
from neuronserve.deploy.sagemaker.local.container import Container
from neuronserve.deploy.sagemaker.local.faults import Teller
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.lines import Lines
from neuronserve.deploy.sagemaker.local.multimodel import MultiModel, Shelf
from neuronserve.deploy.sagemaker.local.routing import Caller, Direct, Pipeline, Route, Single
from neuronserve.deploy.sagemaker.local.runners import Checkout, Image, Run, Runner, mounts
from neuronserve.deploy.sagemaker.local.store import Store
from neuronserve.deploy.sagemaker.local.variables import Place
from neuronserve.deploy.sagemaker.local.wanted import Endpoint, Kind
from neuronserve.errors import EngineFailed, InvalidInput

ROOT = Path(__file__).resolve().parents[4]
SERVE = (sys.executable, str(ROOT / "serve"), "serve")
_SAFE_PORTS = 32  # for each container; SageMaker gives more
_SAFE_FIRST = 21_000  # inside of an image's container, as on SageMaker


@dataclasses.dataclass(frozen=True)
class Ground:
    """What a rehearsal stands on. ``program``: the checkout's argv. ``engine``: for images; may be None.

    ``handed_on``: credentials and the like. ``options``: the engine's, for each container (--memory,
    --device). ``tell``: what happens; ``log``: what containers print. ``folder``: for everything it makes.
    """

    folder: Path
    store: Store
    region: str
    tell: Callable[[str], None]
    log: Callable[[str], None]
    engine: CommandLine | None = None
    handed_on: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    options: tuple[str, ...] = ()
    program: Sequence[str] = SERVE
    limits: Limits = dataclasses.field(default_factory=Limits)
    batch: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Built:
    """``network``: the engine's internal network that was made for it, if any."""

    containers: tuple[Container, ...]
    route: Route
    network: str = ""


@dataclasses.dataclass(frozen=True)
class Laid:
    """A container's folders on this machine; ``environ`` is all that it is given."""

    wanted: values.Container
    place: Place
    model: Path
    models: Path
    environ: Mapping[str, str] = dataclasses.field(repr=False)


def build(endpoint: Endpoint, ground: Ground) -> Built:
    """Fill the folders; nothing is started. Raises InvalidInput, NoSuchResource, EngineFailed."""
    run = secrets.token_hex(4)
    network = _network(endpoint, ground, run)
    laid = [_lay(endpoint, number, ground) for number in range(len(endpoint.containers))]
    containers = tuple(_container(endpoint, one, ground, run, network) for one in laid)
    return Built(containers, _route(endpoint, containers, laid, ground), network)


def tear_down(built: Built, ground: Ground) -> None:
    """What is left when the containers are gone."""
    if built.network and ground.engine:
        try:
            ground.engine.call("network", "rm", built.network)
        except EngineFailed as error:
            ground.tell(f"not removed: {error}")


def plan(endpoint: Endpoint, ground: Ground) -> list[dict[str, object]]:
    """What would run, for a dry run: the values of handed-on variables are left out."""
    return [_planned(endpoint, number, ground) for number in range(len(endpoint.containers))]


def _planned(endpoint: Endpoint, number: int, ground: Ground) -> dict[str, object]:
    wanted = endpoint.containers[number]
    place = _place(endpoint, number, ground.folder / wanted.name)
    environ = _environ(endpoint, wanted, place, ground)
    secret = set(ground.handed_on) - set(wanted.environment)
    return {
        "name": wanted.name,
        "runs": wanted.image or list(ground.program),
        "model": wanted.model,
        "environment": {name: "..." if name in secret else value for name, value in environ.items()},
    }


def _lay(endpoint: Endpoint, number: int, ground: Ground) -> Laid:
    wanted = endpoint.containers[number]
    if wanted.multi_model and not (wanted.model.startswith("s3://") or Path(wanted.model).is_dir()):
        raise InvalidInput(
            f"{wanted.model}: no such folder", hint="the folder or s3:// prefix of the archives"
        )
    folder = ground.folder / wanted.name
    folder.mkdir(mode=0o755)
    model, models = folder / "model", folder / "models"
    artifacts.fill("" if wanted.multi_model else wanted.model, model, ground.store)
    models.mkdir(mode=0o755)
    place = _place(endpoint, number, folder)
    return Laid(wanted, place, model, models, _environ(endpoint, wanted, place, ground))


def _place(endpoint: Endpoint, number: int, folder: Path) -> Place:
    if endpoint.containers[number].image:
        first = _SAFE_FIRST + number * _SAFE_PORTS
        safe = first, first + _SAFE_PORTS - 1
        return Place(variables.PORT + number, safe, variables.MODEL_DIR, variables.MODELS_DIR)
    return Place(ports.free(), ports.free_range(_SAFE_PORTS), str(folder / "model"), str(folder / "models"))


def _environ(endpoint: Endpoint, wanted: values.Container, place: Place, ground: Ground) -> dict[str, str]:
    found = variables.of(
        endpoint, wanted, place, region=ground.region, handed_on=ground.handed_on, batch=ground.batch
    )
    return found if wanted.image else variables.for_checkout(found, wanted, place)


def _container(endpoint: Endpoint, laid: Laid, ground: Ground, run: str, network: str) -> Container:
    name = laid.wanted.name
    lines = Lines(f"{name} | ", ground.log)
    return Container(
        name, _runner(laid, lines, ground, run, network), lines,
        limits=ground.limits, startup=endpoint.startup, tell=ground.tell,
    )  # fmt: skip


def _runner(laid: Laid, lines: Lines, ground: Ground, run: str, network: str) -> Runner:
    if not laid.wanted.image:
        return Checkout(ground.program, laid.environ, laid.place.port, lines, root=ROOT)
    if ground.engine is None:
        raise EngineFailed("an image needs docker or podman")
    # the values are in the engine's environment, and so on no command line
    engine = dataclasses.replace(ground.engine, environ={**ground.engine.environ, **laid.environ})
    folders = mounts(laid.model, laid.models if laid.wanted.multi_model else None)
    told = Run(
        f"neuronserve-{run}-{laid.wanted.name}", laid.wanted.image, laid.environ, laid.place.port, folders,
        network, ground.options,
    )  # fmt: skip
    return Image(told, engine, lines)


def _network(endpoint: Endpoint, ground: Ground, run: str) -> str:
    """Isolated: no way out. This machine can still reach the containers by their addresses."""
    if not endpoint.isolated or not any(one.image for one in endpoint.containers) or not ground.engine:
        return ""
    name = f"neuronserve-{run}"
    ground.engine.call("network", "create", "--internal", name)
    return name


def _route(
    endpoint: Endpoint, containers: tuple[Container, ...], laid: Sequence[Laid], ground: Ground
) -> Route:
    limits = ground.limits
    caller = Caller(limits, Teller(endpoint.name, ground.region, limits.message_bytes))
    if endpoint.kind is Kind.PIPELINE:
        return Pipeline(caller, containers)
    if endpoint.kind is Kind.DIRECT:
        return Direct(caller, containers)
    if endpoint.kind is Kind.MULTI_MODEL:
        only = laid[0]
        shelf = Shelf(only.wanted.model, only.models, only.place.models, ground.store)
        return MultiModel(caller, containers[0], shelf, cached=only.wanted.cached, tell=ground.tell)
    return Single(caller, containers[0])
