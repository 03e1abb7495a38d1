"""The children that look into models, a few at once: ``python -m neuronserve.artifact``, as at a start.

A program of its own for each, because what comes from strangers is parsed there, and its handler is tried.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from neuronserve import machine
from neuronserve.artifact.bundle import Bundle
from neuronserve.boot import fetch
from neuronserve.boot.failure import Failure
from neuronserve.errors import AmbiguousModels, ArtifactError, LoadFailed, NeuronserveError
from neuronserve.supervise.children import Child, Children, Command, Exit
from neuronserve.supervise.loop import Loop, Timer

# what would name another model, or where its download is kept
_NOT_FOR_CHILDREN = ("MODEL_URI", "COMPILATION_JOB", "MODEL_DIGEST", "SAGEMAKER_TFS_DEFAULT_MODEL_NAME")
_log = logging.getLogger("serve")

Got = Callable[[Bundle], None]
Failed = Callable[[NeuronserveError], None]


@dataclasses.dataclass(frozen=True)
class Order:
    """One model: ``folder`` is looked into, ``work`` gets the tree of links; one of the others is called."""

    name: str
    folder: Path
    work: Path
    got: Got
    failed: Failed


class Getting:
    def __init__(
        self,
        loop: Loop,
        children: Children,
        *,
        runtime: Path,
        environ: Mapping[str, str],
        seconds: float,
        shared_code: str = "",
    ) -> None:
        """``seconds``: how long one child may take; ``shared_code``: the folder that all models share."""
        self._loop = loop
        self._children = children
        self._runtime = runtime
        self._environ = {k: v for k, v in environ.items() if k not in _NOT_FOR_CHILDREN}
        self._seconds = seconds
        self._shared = ("--shared-code", shared_code) if shared_code else ()
        self._waiting: deque[Order] = deque()
        self._running: set[Child] = set()
        self._most = machine.cpus()
        self._ended = False

    def get(self, order: Order) -> None:
        self._waiting.append(order)
        self._next()

    def stop(self) -> None:
        """Abandon all of them; nothing is called any more."""
        self._ended = True
        self._waiting.clear()
        for child in self._running:
            child.kill_group()

    def _next(self) -> None:
        while self._waiting and len(self._running) < self._most and not self._ended:
            self._start(self._waiting.popleft())

    def _start(self, order: Order) -> None:
        listener = fetch.Fetch(
            progress=lambda *_: None,
            got=functools.partial(_check, order),
            failed=lambda failure: order.failed(_error(failure)),
        )
        command = self._command(order, listener.hear)
        timer: Timer | None = None
        child: Child | None = None

        def ended(exit_: Exit) -> None:
            if timer:
                timer.cancel()
            if child:
                self._running.discard(child)
            if not self._ended:
                listener.ended(exit_)
                self._next()

        try:
            child = self._children.spawn(command, ended)
        except OSError as error:
            _log.error("model %s: the program that looks into it cannot be started: %s", order.name, error)
            order.failed(LoadFailed(f"model {order.name!r} could not be looked into", hint="see the log"))
            return
        self._running.add(child)
        timer = self._loop.later(self._seconds, functools.partial(self._too_slow, order, child))

    def _too_slow(self, order: Order, child: Child) -> None:
        _log.error("model %s: looking into it took more than %g s", order.name, self._seconds)
        child.signal(signal.SIGTERM)
        self._loop.later(1.0, lambda: child.kill_group() if child in self._running else None)

    def _command(self, order: Order, on_stdout: Callable[[str], None]) -> Command:
        plain = fetch.command(self._runtime, self._environ, on_stdout)
        argv = (sys.executable, "-P", "-m", "neuronserve.artifact", "--work-dir", str(order.work))
        return dataclasses.replace(
            plain,
            argv=(*argv, "--default-model-dir", str(order.folder), *self._shared),
            env={**self._environ, "MODEL_NAME": order.name},
        )


def _check(order: Order, bundle: Bundle) -> None:
    if len(bundle.models) != 1:
        found = ", ".join(model.name for model in bundle.models)
        order.failed(
            AmbiguousModels(
                f"the folder of model {order.name!r} holds several: {found}",
                hint="give each model a folder of its own; several versions of one are fine",
            )
        )
    elif bundle.models[0].name != order.name:
        order.failed(
            LoadFailed(
                f"the folder of model {order.name!r} holds a model that is called {bundle.models[0].name!r}",
                hint="put its versions directly into the folder",
            )
        )
    else:
        order.got(bundle)


def _error(failure: Failure) -> NeuronserveError:
    """The error that the child told of; LoadFailed where it told nothing of the model: it was killed, say."""
    kind = _BY_CODE.get(failure.code, LoadFailed)
    return kind(failure.error, hint=failure.hint)


def _tree(kind: type[NeuronserveError]) -> dict[str, type[NeuronserveError]]:
    found = {kind.code: kind}
    for one in kind.__subclasses__():
        found = {**_tree(one), **found}
    return found


_BY_CODE = {code: kind for code, kind in _tree(ArtifactError).items() if kind is not ArtifactError}
