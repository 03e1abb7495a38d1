"""What the served models take and give, as the model server tells it; asked once per version."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from neuronserve.compiled import SignatureBatch
from neuronserve.errors import UnknownTarget
from neuronserve.gateway.attributes import Route
from neuronserve.modelserver import calls
from neuronserve.payload import Signature, TensorSpec
from neuronserve.payload.batches import relaxed
from neuronserve.payload.signature import INITIALISES
from neuronserve.state import Model, State


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One version of one model.

    ``batches``: the signatures whose batch was compiled in; in ``signatures`` these take any rows.
    """

    model: str
    version: int
    signatures: Mapping[str, Signature]
    batches: Mapping[str, SignatureBatch]

    def as_dict(self) -> dict[str, Any]:
        """Its signatures in JSON's types. ``csv_columns``: the inputs as CSV without a header has them."""
        return {
            name: {
                "inputs": [_tensor(spec) for spec in signature.inputs.values()],
                "outputs": [_tensor(spec) for spec in signature.outputs.values()],
                "csv_columns": list(signature.columns),
            }
            for name, signature in self.signatures.items()
            if name != INITIALISES
        }


_SHOWN = 20  # models that an error names
Ask = Callable[[str, bytes], bytes]
"""Send a GetModelMetadataRequest to a server of the model named."""


class Catalogue:
    """Signatures by model and version, kept for as long as the state has that very model."""

    def __init__(self) -> None:
        self._known = _Known(-1, {}, {})

    def find(self, route: Route, state: State, ask: Ask) -> Entry:
        """The entry a route means. Raises UnknownTarget, naming what there is."""
        known = self._known
        if state.generation != known.generation:
            known = self._known = _Known(state.generation, _kept(known.entries, state), {})
        found = known.routes.get((route.model, route.version))
        if found is not None:
            return found
        model = _model(route.model or state.default_model, state)
        version = _version(route.version, model)
        key = (model.identity, version)
        entry = known.entries.get(key) or _asked(model, version, ask)
        known.entries[key] = known.routes[(route.model, route.version)] = entry
        return entry


_Key = tuple[tuple[str, int, str, tuple[int, ...]], int]
"""A model's identity and a version."""


class _Known(NamedTuple):
    """Of one generation: a thread that is late writes to the one it began with."""

    generation: int
    entries: dict[_Key, Entry]
    routes: dict[tuple[str, int | None], Entry]


def _kept(entries: Mapping[_Key, Entry], state: State) -> dict[_Key, Entry]:
    """Servers that start again change nothing of a model, nor do other models that come and go."""
    there = {model.identity for model in state.models}
    return {key: entry for key, entry in list(entries.items()) if key[0] in there}


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    """``shape``: -1 is any size, as in TensorFlow Serving's metadata; None: of any rank."""
    shape = None if spec.shape is None else [-1 if size is None else size for size in spec.shape]
    kind = {"composite": spec.composite} if spec.composite else {}
    return {"name": spec.name, "dtype": spec.dtype, "shape": shape, **kind}


def _asked(model: Model, version: int, ask: Ask) -> Entry:
    question = calls.metadata_request(calls.Spec(model.name, version))
    found, answered = calls.metadata_response(ask(model.name, question))
    signatures = {
        name: Signature.declared(name, info.method, info.inputs, info.outputs, model.columns(version, name))
        for name, info in found.items()
    }
    batches = {}
    for name, signature in signatures.items():
        batch = model.batch(version, name)
        if batch is not None and batch.inputs:
            batches[name] = batch
            signatures[name] = relaxed(signature, batch)
    return Entry(model.name, answered or version, signatures, batches)


def _model(name: str, state: State) -> Model:
    model = state.by_name.get(name)
    if model is not None:
        return model
    known = ", ".join(m.name for m in state.models[:_SHOWN]) or "none"
    more = f" and {len(state.models) - _SHOWN} more" if len(state.models) > _SHOWN else ""
    raise UnknownTarget(f"there is no model {name!r}", hint=f"served: {known}{more}")


def _version(version: int | None, model: Model) -> int:
    if version is None:
        return max(model.versions)
    if version not in model.versions:
        known = ", ".join(str(v) for v in model.versions)
        raise UnknownTarget(f"model {model.name!r} has no version {version}", hint=f"served: {known}")
    return version
