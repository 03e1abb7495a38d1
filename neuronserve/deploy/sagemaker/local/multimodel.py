"""A multi-model endpoint's part of the platform: which models are in the container, and what they do there.

A model is loaded when it is first invoked: its archive is unpacked into ``MODELS/HASH/model``, then the
container is told. When that has no room (507), the model that was idle longest is unloaded, and the load is
tried again. A container that was replaced has none. Archives stay unpacked, as on an instance's volume.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from neuronserve.deploy.sagemaker.local import artifacts, faults
from neuronserve.deploy.sagemaker.local.calls import Answer, Streamed
from neuronserve.deploy.sagemaker.local.container import Container
from neuronserve.deploy.sagemaker.local.faults import Fault
from neuronserve.deploy.sagemaker.local.invocation import Invocation
from neuronserve.deploy.sagemaker.local.routing import Caller
from neuronserve.deploy.sagemaker.local.store import Store
from neuronserve.errors import NeuronserveError

_NO_ROOM, _THERE, _NOT_THERE = 507, 409, 404
_FOR_A_PLACE = 1.0  # seconds between looks for a model that is idle


class Phase(StrEnum):
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"
    GONE = "gone"


@dataclasses.dataclass
class Model:
    """``users``: invocations that are under way. ``failure``: why it is not there, for all who waited.

    ``starved``: it waits for others to go before it can be loaded.
    """

    key: str
    target: str
    phase: Phase = Phase.LOADING
    users: int = 0
    starved: bool = False
    failure: Fault | None = None


@dataclasses.dataclass(frozen=True)
class Shelf:
    """``prefix``: the folder or s3:// prefix with the archives. ``folder``: they are unpacked into it.

    ``seen_as``: what the container calls that folder.
    """

    prefix: str
    folder: Path
    seen_as: str
    store: Store

    def put(self, target: str, key: str) -> str:
        """The archive, unpacked; what the container calls it. Raises Fault."""
        place = self.folder / key / "model"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                source = artifacts.archive_of(self.prefix, target)
                if not source.endswith(artifacts.PACKED):
                    raise faults.invalid(f"TargetModel {target} is no .tar.gz archive")
                if not source.startswith("s3://") and not Path(source).is_file():
                    raise faults.invalid(_not_downloaded(self.prefix, target))
                artifacts.fill(source, place, self.store)
            except NeuronserveError as error:
                shutil.rmtree(place.parent, ignore_errors=True)
                raise faults.invalid(f"{_not_downloaded(self.prefix, target)} ({error})") from None
        return f"{self.seen_as}/{key}/model"

    def drop(self, key: str) -> None:
        shutil.rmtree(self.folder / key, ignore_errors=True)


class MultiModel:
    """Routes invocations to models. ``cached``: models stay loaded after an invocation."""

    def __init__(
        self, caller: Caller, container: Container, shelf: Shelf, *, cached: bool, tell: Callable[[str], None]
    ) -> None:
        self._caller, self._container, self._shelf = caller, container, shelf
        self._cached, self._tell = cached, tell
        self._changed = threading.Condition()
        self._models: collections.OrderedDict[str, Model] = collections.OrderedDict()  # idle longest first
        self._life = 0

    def respond(self, invocation: Invocation) -> Answer:
        """Raises Fault."""
        if not invocation.target_model:
            raise faults.invalid("TargetModel is required to invoke a multi-model endpoint")
        with self._used(invocation.target_model) as model:
            return self._invoked(model, invocation)

    def stream(self, invocation: Invocation) -> contextlib.AbstractContextManager[Streamed]:  # noqa: ARG002  Route's
        raise faults.invalid("InvokeEndpointWithResponseStream cannot be used with a multi-model endpoint")

    def loaded(self) -> list[str]:
        """The names of the models that are in the container, the one that was idle longest first."""
        with self._changed:
            return [model.target for model in self._models.values() if model.phase is Phase.LOADED]

    def _invoked(self, model: Model, invocation: Invocation) -> Answer:
        """An answer 507 means that the model has no room to run in: others have to go, then once more."""
        path = f"/models/{model.key}/invoke"
        while True:
            try:
                return self._caller.ask(self._container, invocation, path)
            except Fault as fault:
                if fault.members.get("OriginalStatusCode") != _NO_ROOM or not self._make_room(model):
                    raise

    @contextlib.contextmanager
    def _used(self, target: str) -> Iterator[Model]:
        model = self._held(target)
        try:
            yield model
        finally:
            with self._changed:
                model.users -= 1
                idle = model.users == 0 and model.phase is Phase.LOADED
                if idle and not self._cached:
                    model.phase = Phase.UNLOADING
                self._changed.notify_all()
            if idle and not self._cached:
                self._unload(model)

    def _held(self, target: str) -> Model:
        """The model, loaded, and counted as in use. Raises Fault."""
        key = hashlib.sha256(target.encode()).hexdigest()[:32]
        end = time.monotonic() + self._caller.limits.ready
        with self._changed:
            while True:
                self._forget_a_former_life()
                model = self._models.get(key)
                if model is None:
                    model = self._models[key] = Model(key, target)
                    threading.Thread(target=self._load, args=(model, self._life), daemon=True).start()
                elif model.phase is Phase.LOADED:
                    self._models.move_to_end(key)
                    model.users += 1
                    return model
                self._changed.wait(max(0.0, end - time.monotonic()))
                if model.failure:
                    raise model.failure
                if model.phase is not Phase.LOADED and time.monotonic() >= end:
                    raise faults.not_ready(target)

    def _forget_a_former_life(self) -> None:
        lives = self._container.lives
        if lives != self._life:
            self._life = lives
            for model in self._models.values():
                model.phase = Phase.GONE
            self._models.clear()

    # --- loading and unloading

    def _load(self, model: Model, life: int) -> None:
        failure = None
        try:
            self._bring(model)
        except Fault as fault:
            failure = fault
        except Exception as error:  # noqa: BLE001  all who wait for it have to hear of it
            failure = faults.internal(f"{model.target} could not be loaded: {error}")
        with self._changed:
            model.failure = failure
            here = self._models.get(model.key) is model and life == self._container.lives
            model.phase = Phase.LOADED if here and not failure else Phase.GONE
            if model.phase is Phase.GONE and self._models.get(model.key) is model:
                del self._models[model.key]
            self._changed.notify_all()

    def _bring(self, model: Model) -> None:
        url = self._shelf.put(model.target, model.key)
        body = json.dumps({"model_name": model.key, "url": url}).encode()
        self._tell(f"loading {model.target} as {model.key}")
        while True:
            answer = self._caller.control(
                self._container, "POST", "/models", body, self._caller.limits.load,
                Content_Type="application/json", X_Amzn_SageMaker_Target_Model=model.target,
            )  # fmt: skip
            if answer.ok or answer.status == _THERE:
                return
            if answer.status != _NO_ROOM or not self._make_room(model):
                if answer.status != _NO_ROOM:
                    self._shelf.drop(model.key)  # another archive may come under its name
                raise self._caller.teller.model_error(self._container.name, answer.status, answer.text())

    def _make_room(self, wanted: Model) -> bool:
        """Unload the model that was idle longest. False: no other takes room; waits while all are in use."""
        end = time.monotonic() + self._caller.limits.unload
        with self._changed:
            wanted.starved = True
            self._changed.notify_all()  # others who wait for room wait no longer for this one
            try:
                victim = self._victim(wanted, end)
            finally:
                wanted.starved = False
        if victim:
            self._unload(victim)
        return victim is not None

    def _victim(self, wanted: Model, end: float) -> Model | None:
        """Held: ``_changed``. The model that has to go, already marked so."""
        while True:
            # one that waits for room itself takes none
            others = [m for m in self._models.values() if m is not wanted and not m.starved]
            idle = (m for m in others if m.phase is Phase.LOADED and not m.users)
            if victim := next(idle, None):
                victim.phase = Phase.UNLOADING
                return victim
            if not others or time.monotonic() > end:
                return None
            self._changed.wait(_FOR_A_PLACE)

    def _unload(self, model: Model) -> None:
        """Raises Fault."""
        self._tell(f"unloading {model.target}")
        limits = self._caller.limits
        gone = False
        try:
            answer = self._caller.control(
                self._container, "DELETE", f"/models/{model.key}", b"", limits.unload
            )
            gone = answer.ok or answer.status == _NOT_THERE
            if not gone:
                raise self._caller.teller.model_error(self._container.name, answer.status, answer.text())
        finally:
            with self._changed:
                model.phase = Phase.GONE if gone else Phase.LOADED
                if gone and self._models.get(model.key) is model:
                    del self._models[model.key]
                self._changed.notify_all()


def _not_downloaded(prefix: str, target: str) -> str:
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    return (
        f"Failed to download model data(bucket: {bucket}, key: {key}{target}). Please ensure that there is "
        "an object located at the URL and that the role passed to CreateModel has permissions to download "
        "the model."
    )
