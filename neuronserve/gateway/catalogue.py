"""What the served models take and give, as the model server tells it; asked once per version."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from neuronserve.errors import UnknownTarget
from neuronserve.gateway.attributes import Route
from neuronserve.modelserver import calls
from neuronserve.payload import Signature, TensorSpec
from neuronserve.state import Model, State


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One version of one model."""

    model: str
    version: int
    signatures: Mapping[str, Signature]


Ask = Callable[[bytes], bytes]


class Catalogue:
    """Signatures by model and version; forgotten when the supervisor's generation changes."""

    def __init__(self) -> None:
        self._generation = -1
        self._entries: dict[tuple[str, int], Entry] = {}
        self._routes: dict[tuple[str, int | None], Entry] = {}

    def find(self, route: Route, state: State, ask: Ask) -> Entry:
        """The entry a route means. Raises UnknownTarget, naming what there is."""
        if state.generation != self._generation:
            self._entries, self._routes = {}, {}
            self._generation = state.generation
        found = self._routes.get((route.model, route.version))
        if found is not None:
            return found
        model = _model(route.model or state.default_model, state)
        version = _version(route.version, model)
        entry = self._entries.get((model.name, version)) or _asked(model.name, version, ask)
        self._entries[(model.name, version)] = self._routes[(route.model, route.version)] = entry
        return entry


def _asked(model: str, version: int, ask: Ask) -> Entry:
    found, answered = calls.metadata_response(ask(calls.metadata_request(calls.Spec(model, version))))
    return Entry(model, answered or version, {name: _signature(name, info) for name, info in found.items()})


def _model(name: str, state: State) -> Model:
    for model in state.models:
        if model.name == name:
            return model
    known = ", ".join(m.name for m in state.models) or "none"
    raise UnknownTarget(f"there is no model {name!r}", hint=f"served: {known}")


def _version(version: int | None, model: Model) -> int:
    if version is None:
        return max(model.versions)
    if version not in model.versions:
        known = ", ".join(str(v) for v in model.versions)
        raise UnknownTarget(f"model {model.name!r} has no version {version}", hint=f"served: {known}")
    return version


def _signature(name: str, info: calls.SignatureInfo) -> Signature:
    return Signature(
        name=name,
        method=info.method,
        inputs={key: TensorSpec(key, dtype, shape) for key, (dtype, shape) in info.inputs.items()},
        outputs={key: TensorSpec(key, dtype, shape) for key, (dtype, shape) in info.outputs.items()},
    )
