"""The list of models of a running server, changed: against the embedded server, with its gRPC."""

import dataclasses
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve.errors import LoadFailed, NotReady
from neuronserve.messages import model_management_pb2
from neuronserve.modelserver import configs, reload
from neuronserve.modelserver.client import Client
from tests import handmade
from tests.cpuservers import running, wait_for

X = np.float32([[1, 2]])
TIMEOUT = 30.0


@dataclasses.dataclass(frozen=True)
class Served:
    name: str
    base_path: Path
    versions: tuple[int, ...]


def empty(folder, poll=1):
    """A server without a model."""
    (folder / "models.config").write_text(configs.model_config(()))
    return running(
        folder,
        f"--model_config_file={folder / 'models.config'}",
        f"--file_system_poll_wait_seconds={poll}",
        "--max_num_load_retries=0",
    )


@pytest.fixture
def server(tmp_path):
    with empty(tmp_path) as server:
        wait_for(lambda: reload.answers(Client(server.target), 1), "the server answers")
        yield server


@pytest.fixture
def stored(tmp_path):
    """Models in folders: ``stored("a", 1, 2)`` multiplies by its version."""

    def store(name, *versions):
        for version in versions:
            handmade.doubling(tmp_path / "stored" / name / str(version), float(version))
        return Served(name, tmp_path / "stored" / name, versions)

    return store


def apply(server, *models, added=(), removed=(), timeout=TIMEOUT):
    gone = {model.name: model.versions for model in removed}
    return reload.apply(Client(server.target), models, added=added, removed=gone, timeout=timeout)


def test_a_server_without_models_gets_some_and_loses_all_of_them(server, stored):
    a, b = stored("a", 1, 2), stored("b", 3)
    assert apply(server, a, b, added=("a", "b")) == {"a": None, "b": None}
    assert server.predict("b", x=X)["y"].tolist() == [[3, 6]]
    assert server.states("a") == {1: "AVAILABLE", 2: "AVAILABLE"}
    assert apply(server, removed=(a, b)) == {"a": None, "b": None}
    assert server.states("a") == {1: "END", 2: "END"}
    assert server.states("b") == {3: "END"}


def test_a_model_that_went_comes_again(server, stored):
    a = stored("a", 1)
    apply(server, a, added=("a",))
    apply(server, removed=(a,))
    assert apply(server, a, added=("a",)) == {"a": None}
    assert server.predict("a", x=X)["y"].tolist() == [[1, 2]]


def test_of_several_models_the_one_that_fails_is_named_and_can_be_tried_again(server, stored, tmp_path):
    good, bad = stored("good", 1), stored("bad", 1)
    file = tmp_path / "stored" / "bad" / "1" / "saved_model.pb"
    whole = file.read_bytes()
    file.write_bytes(b"no model")
    outcomes = apply(server, good, bad, added=("good", "bad"))
    assert outcomes["good"] is None
    assert isinstance(outcomes["bad"], LoadFailed)
    assert "model 'bad' version 1" in outcomes["bad"].message
    assert str(tmp_path) not in outcomes["bad"].message
    assert apply(server, good, removed=(bad,)) == {"bad": None}
    file.write_bytes(whole)
    assert apply(server, good, bad, added=("bad",)) == {"bad": None}


def test_a_model_whose_folder_is_empty_is_not_loaded_in_time(server, tmp_path):
    (tmp_path / "nothing").mkdir()
    outcomes = apply(server, Served("a", tmp_path / "nothing", (1,)), added=("a",), timeout=0.5)
    assert "in time" in outcomes["a"].message


def test_a_server_that_goes_away_is_no_fault_of_a_model(server, stored):
    server.stop()
    with pytest.raises(NotReady):
        apply(server, stored("a", 1), added=("a",))


def test_a_server_that_looks_on_disk_once_never_finds_a_new_model(tmp_path, stored):
    with empty(tmp_path, poll=0) as server:
        wait_for(lambda: reload.answers(Client(server.target), 1), "the server answers")
        request = model_management_pb2.ReloadConfigRequest.FromString(reload.request([stored("a", 1)]))
        with pytest.raises(grpc.RpcError) as caught:
            server.call("HandleReloadConfigRequest", request, 1)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert server.states("a") == {}


def test_nobody_answers_where_there_is_no_server(tmp_path):
    assert not reload.answers(Client(f"unix:{tmp_path}/none.sock"), 0.2)
