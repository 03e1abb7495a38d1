"""The models of a running model server, changed: HandleReloadConfigRequest, and the wait for what it means.

What TensorFlow Serving does (all below ``tensorflow_serving/``):

- A request holds the *whole* list; names that it lacks are unloaded, also when it has none
  (``ServerCore::ReloadConfig`` in model_servers/server_core.cc: only an unset config is "no action").
- It is answered when each name that is *new* has one version that is AVAILABLE, or has failed; the others
  may still load, and of what it unloads nothing is awaited (``WaitUntilModelsAvailable``, and
  ``HasAnyServableInStreamReachedState`` in core/servable_state_monitor.cc). So statuses are asked besides.
- Requests wait for each other (``config_mu_``), so there is never more than one for a server from here.
- A failure is told for all names together, as UNKNOWN; and a name that failed is *not* tried again while it
  stays in the list: it must leave it first (``NewModelNamesInSourceConfig``).
- What is new is found by polling the disk: with ``--file_system_poll_wait_seconds=0`` that happens once, at
  the start, and a reload would wait for ever (``SetAspiredVersionsCallback`` and ``UpdateConfig`` in
  sources/storage_path/file_system_storage_path_source.cc). One second is the least there is.
- One base path that does not exist ends each poll before any model is looked at
  (``PollFileSystemForConfig``, same file): base paths must stay as long as they are listed.
- A version is END when its last call in flight has ended, since the map of servables is replaced first, which
  waits for all handles (``ServingMap::Update`` in core/basic_manager.cc), and its memory is given back.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from neuronserve.errors import (
    DeadlineExceeded,
    LoadFailed,
    NeuronserveError,
    NoRoom,
    NotReady,
    Overloaded,
    UnknownTarget,
)
from neuronserve.messages import model_management_pb2
from neuronserve.modelserver import configs, status
from neuronserve.modelserver.client import STATUS, Lost, ServerFault

RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
POLL_SECONDS = 1
NOBODY = "neuronserve-is-anybody-there"  # a model that no server has: each answers NOT_FOUND
_PAUSE = 0.02  # seconds between two questions for a model's state, growing
_LONGEST_PAUSE = 0.5
_ASK_SECONDS = 10.0

States = Mapping[int, status.Version]
Outcomes = Mapping[str, NeuronserveError | None]


class Caller(Protocol):
    """A client of the server (``client.Client``)."""

    def call(self, method: str, request: bytes, timeout: float) -> bytes: ...


def request(models: Sequence[configs.ServedModel]) -> bytes:
    message = model_management_pb2.ReloadConfigRequest()
    message.config.CopyFrom(configs.message(models))
    return bytes(message.SerializeToString())


def apply(
    server: Caller,
    models: Sequence[configs.ServedModel],
    *,
    added: Collection[str],
    removed: Mapping[str, Sequence[int]],
    timeout: float,
) -> Outcomes:
    """Have the server serve exactly ``models``; blocks, for ``timeout`` seconds at most.

    Of each name that was ``added`` or ``removed`` (name -> versions): None when all its versions are
    AVAILABLE, or END; otherwise why not: NoRoom, LoadFailed. Raises NotReady when the server went away.
    """
    end = time.monotonic() + timeout
    try:
        server.call(RELOAD, request(models), timeout)
    except NotReady:
        raise
    except (ServerFault, DeadlineExceeded):
        pass  # one of many failed, or took too long: the states tell which
    except NeuronserveError as error:
        why = LoadFailed("the model server refused the list of models", detail=f"{error}: {error.detail}")
        return dict.fromkeys([*added, *removed], why)
    wanted = {model.name: model.versions for model in models if model.name in added}
    outcomes: dict[str, NeuronserveError | None] = {
        name: _wait(server, name, end, functools.partial(_settled, name, versions))
        for name, versions in wanted.items()
    }
    outcomes |= {
        name: _wait(server, name, end, functools.partial(_gone, name, versions))
        for name, versions in removed.items()
    }
    return outcomes


def answers(server: Caller, timeout: float) -> bool:
    """Whether the server answers at all, with or without models."""
    try:
        server.call(STATUS, status.request(NOBODY), timeout)
    except UnknownTarget:
        return True
    except NeuronserveError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class _NotYet:
    """What is said when the time is over."""

    text: str


_Verdict = NeuronserveError | _NotYet | None


def _wait(
    server: Caller, name: str, end: float, judge: Callable[[States], _Verdict]
) -> NeuronserveError | None:
    """Ask for the model's states until they are judged, or the time is over."""
    pause = _PAUSE
    while True:
        found = _states(server, name)
        verdict = judge(found) if found is not None else _NotYet(f"the state of model {name!r} was not told")
        if not isinstance(verdict, _NotYet):
            return verdict
        if time.monotonic() >= end:
            return LoadFailed(f"{verdict.text} in time", hint="see the log; try again")
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _settled(name: str, versions: Sequence[int], found: States) -> _Verdict:
    for version in versions:
        one = found.get(version)
        if one is not None and one.state == "END":
            return _failure(name, version, one)
    if all(version in found and found[version].state == "AVAILABLE" for version in versions):
        return None
    return _NotYet(f"model {name!r} did not load")


def _gone(name: str, versions: Sequence[int], found: States) -> _Verdict:
    if all(version not in found or found[version].state == "END" for version in versions):
        return None
    return _NotYet(f"model {name!r} was not unloaded")


def _states(server: Caller, name: str) -> States | None:
    """Empty for a model that the server does not know; None when it is too busy to tell.

    Raises NotReady when it went away, or does not answer.
    """
    try:
        return status.response(server.call(STATUS, status.request(name), _ASK_SECONDS))
    except UnknownTarget:
        return {}
    except DeadlineExceeded as error:
        raise Lost("the model server does not answer", hint="try again") from error
    except Overloaded:
        return None


def _failure(name: str, version: int, one: status.Version) -> NeuronserveError:
    said = one.error.strip().splitlines()[0] if one.error.strip() else "it ended without a reason"
    if one.code == status.RESOURCE_EXHAUSTED:
        return NoRoom(
            f"the model server has no room for model {name!r}", hint="unload another model", detail=said
        )
    return LoadFailed(
        f"model {name!r} version {version} could not be loaded", hint="see the log", detail=said
    )
