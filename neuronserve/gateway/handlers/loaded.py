"""The scripts of the models that are served, each loaded once in a worker and kept while it is needed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from neuronserve.gateway.handlers import folders, modelfiles, script, surroundings, tensorflowless
from neuronserve.gateway.handlers.script import Script
from neuronserve.gateway.handlers.separate import Separate
from neuronserve.state import Model, State

_log = logging.getLogger("neuronserve.gateway")
_Key = tuple[str, str, int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """``drop``: forget its modules; nothing on an endpoint whose one model stays."""

    script: Script
    code: Path
    drop: Callable[[], None]


def load(code: Path, packages: str, *, separate: bool, model_dir: str = "") -> Loaded:
    """``separate``: beside other models' code. Raises what the script raises, and Unusable."""
    surroundings.prepare()
    folders.add_packages(packages)
    if not separate:
        modelfiles.name(model_dir)
        folders.add_code(code)
        tensorflowless.offer()
        return Loaded(script.chosen(script.load(code)), code, lambda: None)
    folders.add_lib(code)
    tensorflowless.offer()
    modules = Separate(code)

    def drop() -> None:
        modules.drop()
        folders.drop_lib(code)

    try:
        with modelfiles.named(model_dir):
            return Loaded(script.chosen(modules.load(script.NAME)), code, drop)
    except BaseException:
        drop()
        raise


class Scripts:
    """Of one worker; its threads load them one after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: dict[_Key, Loaded] = {}
        self._seen: tuple[State | None, dict[str, Loaded]] = (None, {})
        self._versions: dict[str, str] = {}  # of the packages that models brought: the first one counts

    def of(self, model: Model, state: State) -> Loaded:
        """``model`` as ``state`` has it. Raises what the script raises, and Unusable."""
        seen, found = self._seen
        if seen is state and model.name in found:
            return found[model.name]
        with self._lock:
            seen, found = self._seen
            if seen is not state and (seen is None or state.generation >= seen.generation):
                seen, found = self._seen = (state, {})
                self._tidy(state)
            key = _key(model)
            if key not in self._loaded:
                self._compare(model)
                self._loaded[key] = load(
                    Path(model.code), model.packages, separate=state.multi_model, model_dir=model.model_dir
                )
            if seen is state:  # another one may have this name anew
                found[model.name] = self._loaded[key]
            return self._loaded[key]

    def _tidy(self, state: State) -> None:
        """Drop what no model needs any more; a model that was loaded anew may have other files."""
        needed = {_key(model) for model in state.models if model.code}
        for key in self._loaded.keys() - needed:
            self._loaded.pop(key).drop()

    def _compare(self, model: Model) -> None:
        """One process holds one version of a package: say so where models differ."""
        if not model.packages:
            return
        for one in importlib.metadata.distributions(path=model.packages.split(os.pathsep)):
            name, version = one.metadata["Name"], one.version
            held = self._versions.setdefault(name, version)
            if held != version:
                _log.warning(
                    "model %s asks for %s %s; this worker has %s, which came first with another model",
                    model.name, name, version, held,
                )  # fmt: skip


def _key(model: Model) -> _Key:
    """Code of its own is another for each load, since what the script imports may have changed, too."""
    own = bool(model.url) and Path(model.code).is_relative_to(os.path.realpath(model.url))
    number = model.loaded if own else 0
    try:
        now = os.stat(Path(model.code) / f"{script.NAME}.py")
    except OSError:
        return model.code, model.packages, number, 0, 0
    return model.code, model.packages, number, now.st_ino, now.st_ctime_ns
