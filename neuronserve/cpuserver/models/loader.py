"""From a version's folder to a servable: rewritten where needed, loaded, warmed up."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuronserve.cpuserver.batching.per_model import Batching
from neuronserve.cpuserver.inference import examples, multi, predict
from neuronserve.cpuserver.models import ops, warmup
from neuronserve.cpuserver.models.servable import Runner, Servable
from neuronserve.cpuserver.models.states import show
from neuronserve.cpuserver.neuronop import rewrite
from neuronserve.cpuserver.restore import complete
from neuronserve.cpuserver.runtime.session import Session
from neuronserve.cpuserver.status import Code, StatusError

_log = logging.getLogger(__name__)
_TFLITE = "model.tflite"
_NO_TFLITE = (
    "this server runs SavedModels, and no TensorFlow Lite; start it without --prefer_tflite_model, and put "
    "the SavedModel that the file was converted from beside it"
)

# Called with a version and its folder before it is loaded, which it may refuse with a StatusError; what it
# gives back takes the loaded session, and gives what runs in its place.
Prepare = Callable[[int, Path], Callable[[Runner], Runner]]


def _as_it_is(_version: int, _folder: Path) -> Callable[[Runner], Runner]:
    return lambda runner: runner


@dataclasses.dataclass(frozen=True)
class Loader:
    """How models are loaded: ``tags`` and ``config`` as for TF Serving's sessions."""

    tags: tuple[str, ...]
    config: Any  # ConfigProto
    batching: Batching | None
    warmup_iterations: int  # 0: no warm-up
    prepare: Prepare = _as_it_is
    prefer_tflite: bool = False
    checks_method_name: bool = False

    def load(self, name: str, version: int, folder: Path) -> Servable:
        """Load a version; StatusError with TensorFlow's text, or Refused with ours, when it fails."""
        _log.info("Loading servable version %s from %s", show(name, version), folder)
        if self.prefer_tflite and (folder / _TFLITE).is_file():
            raise StatusError(Code.UNIMPLEMENTED, f"{folder / _TFLITE}: {_NO_TFLITE}")
        batcher = self.batching.of(folder) if self.batching else None
        finish = self.prepare(version, folder)
        scratch = rewrite.for_cpu(folder)
        if scratch is not None:
            _log.info("%s is compiled for Neuron; its graphs run on CPU", show(name, version))
        try:
            session = self._session(show(name, version), scratch.folder if scratch else folder)
        except BaseException as error:
            if scratch is not None:
                scratch.cleanup()
            if isinstance(error, StatusError) and str(folder) not in error.message:
                text = f"{error.message}{ops.explained(error.message)}; while loading {folder}"
                raise type(error)(error.code, text) from error
            raise
        if scratch is not None:
            scratch.loaded()
        servable = Servable(
            name,
            version,
            finish(session),
            batcher=batcher,
            scratch=scratch,
            checks_method_name=self.checks_method_name,
        )
        try:
            self._warm_up(servable, folder)
        except BaseException:
            servable.close()
            raise
        return servable

    def _session(self, shown: str, folder: Path) -> Session:
        """A session whose variables all have their values."""
        session = Session(folder, self.tags, self.config)
        try:
            count = complete.complete(session)
        except BaseException:
            session.close()
            raise
        session.forget_graph()
        if count:
            _log.warning(
                "%s was saved from Keras 3 with tf.saved_model.save(): %d variables that its signatures read "
                "were given their values here, but stock TensorFlow Serving cannot serve this SavedModel; "
                "model.export(path) writes one that it can",
                shown,
                count,
            )
        return session

    def _warm_up(self, servable: Servable, folder: Path) -> None:
        if not self.warmup_iterations:
            return
        replays: dict[str, warmup.Replay] = {
            "predict_log": lambda request: _ignore(predict.predict(servable, request)),
            "classify_log": lambda request: _ignore(examples.classify(servable, request)),
            "regress_log": lambda request: _ignore(examples.regress(servable, request)),
            "multi_inference_log": lambda request: _ignore(multi.infer(servable, request)),
        }
        count = warmup.replay(folder, replays, self.warmup_iterations)
        if count:
            _log.info(
                "Finished reading warmup data for %s: %d requests",
                show(servable.name, servable.version),
                count,
            )


def _ignore(_: object) -> None:
    """A warm-up's answer is of no interest."""
