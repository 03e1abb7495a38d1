"""What the platform does with the models of a multi-model endpoint, before a stand-in."""

from __future__ import annotations

import pytest

from neuronserve.deploy.sagemaker.local.limits import Limits
from tests.deploying.rehearsals import together, wait_for
from tests.deploying.standins import archives, refused, standing_in


def test_a_model_is_loaded_on_its_first_use_once_for_all_who_ask_together(tmp_path):
    models = archives(tmp_path / "models", "a", "b")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_LOAD_SECONDS": "0.2"}) as found:
        answers = together(8, lambda n: found.invoke(b"who", TargetModel=f"{'ab'[n % 2]}.tar.gz"))
        assert answers == [b"a", b"b"] * 4
        assert sorted(line.split()[-1] for line in found.logged if " load " in line) == ["a", "b"]
        assert sorted(found.rehearsal.loaded()) == ["a.tar.gz", "b.tar.gz"]
        assert found.invoke(b"environ SAGEMAKER_MULTI_MODEL", TargetModel="a.tar.gz") == b"true"


def test_when_there_is_no_room_the_model_that_was_idle_longest_goes(tmp_path):
    models = archives(tmp_path / "models", "a", "b", "c")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "2"}) as found:
        for name in "abac":
            assert found.invoke(b"who", TargetModel=f"{name}.tar.gz") == name.encode()
        assert found.rehearsal.loaded() == ["a.tar.gz", "c.tar.gz"]


def test_more_models_than_fit_are_all_answered_under_load(tmp_path):
    names = [f"m{n}" for n in range(6)]
    models = archives(tmp_path / "models", *names)
    limits = Limits(answer=20, ping_every=0.05)
    with standing_in(
        "multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "2"}, limits=limits
    ) as found:

        def ask(caller):
            wanted = [names[(caller + turn) % len(names)] for turn in range(12)]
            return [found.invoke(b"who", TargetModel=f"{n}.tar.gz").decode() for n in wanted] == wanted

        assert together(4, ask) == [True] * 4


def test_a_model_without_any_room_is_a_model_error_507(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path, environment={"STANDIN_ROOM": "0"}) as found:
        assert refused(found.invoke, b"who", TargetModel="a.tar.gz")["OriginalStatusCode"] == 507


def test_a_model_that_cannot_be_loaded_is_a_model_error_and_can_be_replaced(tmp_path):
    models = archives(tmp_path / "models", "a", broken="a")
    with standing_in("multi-model", [models], tmp_path) as found:
        response = refused(found.invoke, b"who", TargetModel="a.tar.gz")
        assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (
            500,
            "this model cannot be loaded",
        )
        archives(tmp_path / "whole", "a")
        (tmp_path / "whole" / "a.tar.gz").replace(models / "a.tar.gz")
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"


@pytest.mark.parametrize("target", ["absent.tar.gz", "../models/a.tar.gz", "notes.txt"])
def test_a_model_that_is_not_there_is_a_validation_error(tmp_path, target):
    models = archives(tmp_path / "models", "a")
    (models / "notes.txt").touch()
    with standing_in("multi-model", [models], tmp_path) as found:
        assert refused(found.invoke, b"who", TargetModel=target)["Error"]["Code"] == "ValidationError"
        assert refused(found.invoke, b"who")["Error"]["Code"] == "ValidationError"


def test_a_container_that_was_replaced_gets_its_models_again(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path) as found:
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        refused(found.invoke, b"exit 1", TargetModel="a.tar.gz")
        found.wait_told("in service again")
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        assert sum(" load " in line for line in found.logged) == 2


def test_a_model_that_loads_for_long_is_not_ready_and_later_is(tmp_path):
    models = archives(tmp_path / "models", "a")
    limits = Limits(ping_every=0.05, ready=0.2)
    environment = {"STANDIN_LOAD_SECONDS": "0.6"}
    with standing_in("multi-model", [models], tmp_path, environment=environment, limits=limits) as found:
        response = refused(found.invoke, b"who", TargetModel="a.tar.gz")
        assert response["Error"]["Code"] == "ModelNotReadyException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
        wait_for("the load", found.rehearsal.loaded)
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"


def test_without_a_cache_a_model_goes_after_its_invocation(tmp_path):
    models = archives(tmp_path / "models", "a")
    with standing_in("multi-model", [models], tmp_path, cached=False) as found:
        assert found.invoke(b"who", TargetModel="a.tar.gz") == b"a"
        wait_for("the unload", lambda: not found.rehearsal.loaded())


# --- asynchronous
