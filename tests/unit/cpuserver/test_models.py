import threading
from pathlib import Path

import pytest
from google.protobuf import text_format

from neuronserve.cpuserver.models.config import Every, Latest, ModelConfig, Specific, from_message, single
from neuronserve.cpuserver.models.disk import aspired
from neuronserve.cpuserver.models.manager import Manager, Patience
from neuronserve.cpuserver.models.states import State
from neuronserve.cpuserver.status import Code, Refused, StatusError
from neuronserve.messages import model_server_config_pb2

ROOT = Path("/models")


class Loaded:
    """A version that notes that it was closed; it can be slow or fail to load."""

    def __init__(self):
        self.closed = threading.Event()

    def close(self):
        self.closed.set()


def manager(load, retries=0):
    return Manager(load, Patience(retries, 0.0), load_threads=2)


def states(models, name="m"):
    return {status.version: status.state for status in models.statuses(name)}


def test_an_old_version_is_closed_only_after_the_new_one_serves():
    gate, loaded = threading.Event(), {}

    def load(_name, version, _path):
        if version == 2:
            assert gate.wait(30)
        loaded[version] = Loaded()
        return loaded[version]

    models = manager(load)
    models.aspire("m", {1: ROOT})
    models.wait_until_settled("m", 30)
    models.aspire("m", {2: ROOT})
    assert states(models) == {1: State.AVAILABLE, 2: State.LOADING}
    gate.set()
    assert loaded[1].closed.wait(30)
    with models.lease("m", None) as servable:
        assert servable is loaded[2]


def test_a_version_in_use_is_closed_only_after_its_last_call():
    models = manager(lambda *_: Loaded())
    models.aspire("m", {1: ROOT})
    models.wait_until_settled("m", 30)
    with models.lease("m", 1) as servable:
        models.aspire("m", {})
        assert states(models) == {1: State.UNLOADING}
        with pytest.raises(StatusError, match="Servable not found"), models.lease("m", 1):
            pass
        assert not servable.closed.is_set()
    assert servable.closed.wait(30)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (StatusError(Code.NOT_FOUND, "gone"), 3),
        (Refused(Code.FAILED_PRECONDITION, "never"), 1),
        (ValueError("bug"), 3),
    ],
)
def test_a_load_is_retried_unless_it_never_can_succeed(error, tries):
    calls = []

    def load(*_):
        calls.append(1)
        raise error

    models = manager(load, retries=2)
    models.aspire("m", {1: ROOT})
    (status,) = models.wait_until_settled("m", 30)
    assert status.state is State.END
    assert status.error is not None
    assert len(calls) == tries


def test_a_failed_version_is_tried_again_only_after_it_went_and_came_back():
    calls = []

    def load(*_):
        calls.append(1)
        raise StatusError(Code.NOT_FOUND, "gone")

    models = manager(load)
    for versions in ({1: ROOT}, {1: ROOT}, {}, {1: ROOT}):
        models.aspire("m", versions)
        models.wait_until_settled("m", 30)
    assert len(calls) == 2


def test_closing_waits_for_calls_and_loads_nothing_more():
    models = manager(lambda *_: Loaded())
    models.aspire("m", {1: ROOT})
    models.wait_until_settled("m", 30)
    models.close(1)
    models.aspire("m", {1: ROOT, 2: ROOT})
    assert set(states(models)) == {1}


@pytest.fixture
def versions(tmp_path):
    for name in ("1", "0002", "10", "v3", "-4", "1.5"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    return tmp_path


@pytest.mark.parametrize(("policy", "expected"), [
    (Latest(), {10: "10"}), (Latest(2), {10: "10", 2: "0002"}), (Specific(frozenset({1, 5})), {1: "1"}),
    (Every(), {1: "1", 2: "0002", 10: "10"}),
])  # fmt: skip
def test_folders_named_by_numbers_are_versions_and_the_policy_chooses(versions, policy, expected):
    found = aspired(ModelConfig("m", versions, policy))
    assert {version: path.name for version, path in found.items()} == expected


def test_of_two_folders_for_one_version_one_is_used(versions, caplog):
    (versions / "00010").mkdir()
    assert set(aspired(ModelConfig("m", versions, Every()))) == {1, 2, 10}
    assert "Duplicate version directories detected" in caplog.text


def test_a_missing_base_path_is_an_error_not_an_empty_model(tmp_path):
    with pytest.raises(StatusError, match="Could not find base path"):
        aspired(ModelConfig("m", tmp_path / "none"))


def entry(**fields):
    platform = {} if "model_type" in fields else {"model_platform": "tensorflow"}
    given = {"name": "m", "base_path": "/m", **platform, **fields}
    return (
        "config { "
        + " ".join(f"{k}: {v!r}" if isinstance(v, str) else f"{k}: {v}" for k, v in given.items())
        + " }"
    )


def read(entries):
    message = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(f"model_config_list {{ {entries} }}", message)
    return from_message(message)


@pytest.mark.parametrize(("entries", "text"), [
    (entry() * 2, "multiple times"), (entry(base_path="m"), "absolute path"),
    (entry(base_path="gs://b/m"), "reads local paths only"), (entry(model_platform=""), "setting neither"),
    (entry(model_platform="caffe"), "no entry for platform caffe"), (entry(name=""), "to have a name"),
    (entry().replace("}", "model_type: 1 }"), "setting both"),
])  # fmt: skip
def test_a_wrong_configuration_is_refused(entries, text):
    with pytest.raises(StatusError, match=text):
        read(entries)


def test_the_old_way_to_name_the_platform_is_understood():
    assert read(entry(model_type=1)) == single("m", "/m")
