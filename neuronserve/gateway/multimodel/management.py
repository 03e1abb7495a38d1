"""The calls by which the platform loads, lists and unloads models: from what was sent to what is answered."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.errors import (
    AlreadyLoaded,
    ModelNotFound,
    NoSavedModel,
    NotReady,
    Overloaded,
    UnknownTarget,
)
from neuronserve.gateway.multimodel import asked, names, paging
from neuronserve.gateway.multimodel.control import Control
from neuronserve.gateway.multimodel.limits import AT_ONCE
from neuronserve.state import FAILED, STARTING, Model, Reader, State

Answer = Mapping[str, Any]


class Management:
    """Each call returns the body of its 200, or raises what ``statuses.py`` has a status for.

    Shared by a worker's threads.
    """

    def __init__(self, state: Reader, control: Control) -> None:
        self._state = state
        self._control = control
        self._free = threading.Semaphore(AT_ONCE)

    def load(self, wanted: asked.Load) -> Answer:
        try:
            with self._turn():
                self._control.load(wanted.name, wanted.url)
        except AlreadyLoaded as error:
            raise AlreadyLoaded(f"Model {wanted.name} is already loaded", hint=error.hint) from error
        except (ModelNotFound, NoSavedModel) as error:
            raise type(error)(
                f"Could not find valid base path {wanted.url} for servable {wanted.name}",
                hint="the folder has to hold a SavedModel: a version's folder with saved_model.pb",
                detail=str(error),  # its hints are for those who set MODEL_URI
            ) from error
        message = f"Successfully loaded model {wanted.name}"
        return {"message": message, "modelName": wanted.name, "modelUrl": wanted.url}

    def unload(self, name: str) -> Answer:
        name = names.checked(name)
        try:
            with self._turn():
                self._control.unload(name)
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

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """nginx lets no more through than there are turns; but a caller who left may still have one."""
        if not self._free.acquire(blocking=False):
            raise Overloaded(f"{AT_ONCE} loads and unloads are under way already", hint="try again")
        try:
            yield
        finally:
            self._free.release()

    def _known(self) -> State:
        """Before it is ready, nobody knows which models there will be."""
        state = self._state.current()
        if state.state in (STARTING, FAILED):
            raise NotReady(f"the service is not ready: {state.step}", hint="try again")
        return state


def _shown(model: Model) -> Answer:
    return {"modelName": model.name, "modelUrl": model.url}
