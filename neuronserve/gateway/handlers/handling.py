"""A request whose model has code of its own: its handler, or its pair of handlers around the model."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from neuronserve.errors import HandlerFailed, NeuronserveError
from neuronserve.gateway.attributes import Route
from neuronserve.gateway.handlers import answers, blame, given, modelfiles, raised
from neuronserve.gateway.handlers.asking import Asking
from neuronserve.gateway.handlers.loaded import Loaded, Scripts
from neuronserve.gateway.handlers.script import Function
from neuronserve.gateway.handlers.threads import Threads
from neuronserve.handlers import Context
from neuronserve.modelserver.apis import OpenChannels
from neuronserve.modelserver.lanes import Watch
from neuronserve.modelserver.pool import Pool
from neuronserve.state import Model, Server, State

TEXT = "the model's own code failed on this request; the service's log has the reason under this request's id"
T = TypeVar("T")
_log = logging.getLogger("neuronserve.gateway")


class Request(Protocol):
    """What of a request is needed, and where its times are noted (``service.Invocation``)."""

    body: bytes | bytearray
    content_type: str | None
    accept: str | None
    attributes: str | None
    asked: dict[int, int]
    decode_seconds: float
    model_seconds: float
    encode_seconds: float

    @property
    def watch(self) -> Callable[[Callable[[], None] | None], None]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """``body``: without its content encoding; ``servers``: those of the model that are up.

    ``seconds``: how long it may take, from ``began`` on.
    """

    request: Request
    body: given.Body
    route: Route
    model: Model
    state: State
    servers: Sequence[Server]
    asking: Asking
    seconds: float
    began: float = dataclasses.field(default_factory=time.monotonic)


class Handling:
    """Of one worker. ``overran``: told of each handler whose request was not waited for any longer."""

    def __init__(
        self, pool: Pool, *, overran: Callable[[], None], replace: Callable[[], None] | None = None
    ) -> None:
        self._pool = pool
        self._scripts = Scripts()
        self._channels = OpenChannels()
        self._threads = Threads(overran, replace or _replace_worker)

    def answer(self, task: Task) -> tuple[bytes, str]:
        """Body and content type. Raises HandlerFailed, DeadlineExceeded and what the model's servers may."""
        work = functools.partial(self._run, task)
        answer: tuple[bytes, str] = self._threads.run(work, task.seconds, task.request.watch)
        return answer

    def warm(self, state: State) -> None:
        """Load what the first request would wait for."""
        for model in state.models:
            if model.code and not state.multi_model:
                try:
                    self._loaded(model, state)
                except HandlerFailed as error:  # the first request tells its client
                    _log.error("model %s: %s", model.name, error.detail)

    def _run(self, task: Task, watch: Watch) -> tuple[bytes, str]:
        loaded = self._loaded(task.model, task.state)
        if loaded.script.whole is not None:
            return self._whole(task, loaded, loaded.script.whole)
        return self._pair(task, loaded, watch)

    def _whole(self, task: Task, loaded: Loaded, handler: Function) -> tuple[bytes, str]:
        """A server is counted as busy with it as long as it runs: it asks the model itself."""
        began = time.perf_counter()
        with self._pool.lease(task.servers) as server:
            task.request.asked[0] = server.index
            try:
                context = self._context(task, server)
                returned = _called(loaded, handler, given.stream(task.body), context)
            finally:
                task.request.model_seconds = time.perf_counter() - began
        return _checked(lambda: answers.answer(returned, "handler"))

    def _pair(self, task: Task, loaded: Loaded, watch: Watch) -> tuple[bytes, str]:
        request, began = task.request, time.perf_counter()
        with self._pool.lease(task.servers) as server:
            context = self._context(task, server)
            made = _called(loaded, loaded.script.before, given.stream(task.body), context)
        asked = _checked(lambda: answers.for_the_model(made))
        request.decode_seconds = time.perf_counter() - began

        began = time.perf_counter()
        response = task.asking(asked, watch, context.rest_uri)
        request.model_seconds = time.perf_counter() - began

        began = time.perf_counter()
        returned = _called(loaded, loaded.script.after, response, context)
        answer = _checked(lambda: answers.answer(returned, "output_handler"))
        request.encode_seconds = time.perf_counter() - began
        return answer

    def _loaded(self, model: Model, state: State) -> Loaded:
        try:
            return self._scripts.of(model, state)
        except BaseException as error:
            raise HandlerFailed(TEXT, detail=f"it cannot be loaded: {error}") from error

    def _context(self, task: Task, server: Any) -> Context:
        request = task.request
        headers = (request.attributes, request.content_type, request.accept)
        channel = self._channels.to(server.target)
        left = round(max(0.001, task.began + task.seconds - time.monotonic()), 3)
        return given.context(task.route, task.model, server, channel, headers, len(request.body), left)


def _called(loaded: Loaded, function: Function | None, argument: Any, context: Context) -> Any:
    assert function is not None  # noqa: S101  a script has one or both of the pair
    try:
        return function(argument, context)
    except NeuronserveError:  # ours, come through it
        raise
    except BaseException as error:  # noqa: BLE001  a handler may also call sys.exit()
        found = raised.answer(error, loaded.code, context.rest_uri)
        told = blame.told(error, loaded.code) + modelfiles.advice(error, context.model_dir)
        trace = "" if found.meant else f"\n{blame.trace(error, loaded.code)}"
        raise HandlerFailed(found.text or TEXT, status=found.status, detail=f"{told}{trace}") from None


def _checked(check: Callable[[], T]) -> T:
    try:
        return check()
    except answers.Wrong as error:
        raise HandlerFailed(TEXT, detail=f"code/inference.py: {error}") from None


def _replace_worker() -> None:
    """gunicorn's worker takes no more requests, ends those it has, and is followed by another."""
    os.kill(os.getpid(), signal.SIGTERM)
