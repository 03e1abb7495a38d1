"""The calls by which the platform loads, lists and unloads models: from what was sent to what is answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.errors import AlreadyLoaded, ModelNotFound, NoSavedModel, NotReady, UnknownTarget
from neuronserve.gateway.multimodel import asked, names, paging
from neuronserve.gateway.multimodel.control import Control
from neuronserve.state import FAILED, STARTING, Model, Reader, State

PLATFORM_UNLOAD_SECONDS = 360  # how long SageMaker waits for an unload
_MARGIN_SECONDS = 30
AT_ONCE = 32  # loads and unloads under way; the supervisor has an order for them, these only wait

Answer = Mapping[str, Any]


def patience_seconds(load_seconds: float) -> float:
    """How long the gateway waits for a load or an unload: longer than either may take by itself."""
    return max(load_seconds, PLATFORM_UNLOAD_SECONDS) + _MARGIN_SECONDS


@dataclasses.dataclass(frozen=True)
class Management:
    """Each call returns the body of its 200, or raises what ``statuses.py`` has a status for."""

    state: Reader
    control: Control

    def load(self, body: bytes) -> Answer:
        wanted = asked.load(body)
        try:
            self.control.load(wanted.name, wanted.url)
        except AlreadyLoaded as error:
            raise AlreadyLoaded(f"Model {wanted.name} is already loaded", hint=error.hint) from error
        except (ModelNotFound, NoSavedModel) as error:
            base = f"Could not find valid base path {wanted.url} for servable {wanted.name}"
            raise type(error)(f"{base}: {error.message}", hint=error.hint) from error
        message = f"Successfully loaded model {wanted.name}"
        return {"message": message, "modelName": wanted.name, "modelUrl": wanted.url}

    def unload(self, name: str) -> Answer:
        name = names.checked(name)
        try:
            self.control.unload(name)
        except UnknownTarget as error:
            raise names.not_loaded(name) from error
        return {"message": f"Successfully unloaded model {name}", "modelName": name}

    def show(self, name: str) -> Answer:
        model = self._known().by_name.get(names.checked(name))
        if model is None:
            raise names.not_loaded(name)
        return _shown(model)

    def list(self, token: str) -> Answer:
        """One page; with ``nextPageToken`` when there are more."""
        found = paging.page(self._known().models, token)
        answer: dict[str, Any] = {"models": [_shown(model) for model in found.models]}
        if found.next:
            answer["nextPageToken"] = found.next
        return answer

    def _known(self) -> State:
        """Before it is ready, nobody knows which models there will be."""
        state = self.state.current()
        if state.state in (STARTING, FAILED):
            raise NotReady(f"the service is not ready: {state.step}", hint="try again")
        return state


def _shown(model: Model) -> Answer:
    return {"modelName": model.name, "modelUrl": model.url}
