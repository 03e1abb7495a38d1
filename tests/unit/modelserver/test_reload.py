"""What a model server says of a changed list, understood: with a server of the test's own words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from neuronserve.errors import DeadlineExceeded, LoadFailed, NoRoom, NotReady, Overloaded, UnknownTarget
from neuronserve.messages import get_model_status_pb2, model_management_pb2
from neuronserve.modelserver import reload
from neuronserve.modelserver.client import STATUS, ServerFault

STATES = get_model_status_pb2.ModelVersionStatus.State
Answer = dict[int, tuple[str, int, str]] | Exception


@dataclasses.dataclass(frozen=True)
class Served:
    name: str
    versions: tuple[int, ...]
    base_path: Path = Path("/models")


class Server:
    """Answers each question for a state with the next of ``states``, the last one again and again."""

    def __init__(self, states: Sequence[Answer], reloading: Exception | None = None) -> None:
        self._states = list(states)
        self._reloading = reloading
        self.lists: list[list[str]] = []

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        assert timeout > 0
        if method == reload.RELOAD:
            message = model_management_pb2.ReloadConfigRequest.FromString(request)
            assert message.config.WhichOneof("config") == "model_config_list"
            self.lists.append([entry.name for entry in message.config.model_config_list.config])
            if self._reloading:
                raise self._reloading
            return b""
        assert method == STATUS
        answer = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(answer, Exception):
            raise answer
        found = get_model_status_pb2.GetModelStatusResponse()
        for version, (state, code, text) in answer.items():
            one = found.model_version_status.add(version=version, state=STATES.Value(state))
            one.status.error_code, one.status.error_message = code, text
        return bytes(found.SerializeToString())


FINE = ("AVAILABLE", 0, "")
LOADING = ("LOADING", 0, "")
GONE = ("END", 0, "")


def load(server: Server, *versions: int, timeout: float = 5) -> object:
    model = Served("m", versions)
    return reload.apply(server, [model], added=["m"], removed={}, timeout=timeout)["m"]


def drop(server: Server, *versions: int, timeout: float = 5) -> object:
    return reload.apply(server, [], added=[], removed={"m": versions}, timeout=timeout)["m"]


def test_all_versions_must_be_available_although_the_server_answered_for_one() -> None:
    server = Server([{1: FINE, 2: LOADING}, {1: FINE}, {1: FINE, 2: FINE}])
    assert load(server, 1, 2) is None


def test_a_server_that_is_too_busy_to_tell_is_asked_again() -> None:
    assert load(Server([Overloaded("full"), {1: FINE}]), 1) is None
    assert drop(Server([Overloaded("full"), {1: FINE}, {1: GONE}]), 1) is None


def test_a_failure_of_one_version_is_one_of_the_model() -> None:
    failed = ("END", 3, "Op type not registered 'Strange'\nand a stack")
    error = load(Server([{1: FINE, 2: failed}], ServerFault("failed", detail="UNKNOWN: 1 servable(s)")), 1, 2)
    assert isinstance(error, LoadFailed)
    assert error.message == "model 'm' version 2 could not be loaded"
    assert error.detail == "Op type not registered 'Strange'"


def test_a_server_without_memory_for_it_has_no_room() -> None:
    assert isinstance(load(Server([{1: ("END", 8, "OOM when allocating tensor")}]), 1), NoRoom)


def test_what_takes_too_long_is_told_with_what_it_waits_for() -> None:
    error = load(Server([{1: LOADING}], DeadlineExceeded("late")), 1, timeout=0.01)
    assert "model 'm' did not load in time" in str(error)
    assert "was not unloaded in time" in str(drop(Server([{1: ("UNLOADING", 0, "")}]), 1, timeout=0.01))


def test_a_list_that_the_server_refuses_fails_for_all_at_once() -> None:
    error = load(Server([{1: FINE}], UnknownTarget("unimplemented")), 1)
    assert isinstance(error, LoadFailed)
    assert "unimplemented" in error.detail


@pytest.mark.parametrize("fault", [NotReady("gone"), DeadlineExceeded("hung")])
def test_a_server_that_goes_away_or_hangs_judges_no_model(fault: Exception) -> None:
    with pytest.raises(NotReady):
        load(Server([fault]), 1)


def test_no_models_are_a_list_too() -> None:
    server = Server([UnknownTarget("m")])
    assert drop(server, 1) is None
    assert server.lists == [[]]
