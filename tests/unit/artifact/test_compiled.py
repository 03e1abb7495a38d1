"""What was compiled into each version comes with the bundle."""

from __future__ import annotations

import pytest

from neuronserve.artifact.bundle import Bundle
from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import DamagedModel
from neuronserve.generation import Generation
from tests import handmade
from tests.archives import files_below, tar_gz


def test_each_version_of_each_model_is_looked_into(tmp_path, get):
    handmade.compiled(tmp_path / "all" / "a" / "1", batch=4)
    handmade.pipeline(tmp_path / "all" / "a" / "20", generation="trn1")
    handmade.doubling(tmp_path / "all" / "b" / "3")
    bundle = get(tmp_path / "all")
    a, b = bundle.models
    assert a.compiled == (
        Compiled(
            1, True, 1, Generation.V1, "1.6.13.0+9f61b2f75", 1, 4,
            {"serving_default": SignatureBatch(4, True, ("x",))}, 10240,
        ),
        Compiled(
            20, True, 1, Generation.V2, "2.12.68.0+9f61b2f75", 2, 1,
            {"serving_default": SignatureBatch(1, True, ("x",))}, 10240,
        ),
    )  # fmt: skip
    assert b.compiled == (Compiled(3),)
    assert Bundle.from_json(bundle.to_json()) == bundle
    assert "a, version 1" in [told.detail for told in get.told if told.step == "inspect"]


def test_an_archive_is_looked_into_where_it_was_unpacked(tmp_path, get):
    handmade.compiled(tmp_path / "m" / "1")
    (tmp_path / "m.tar.gz").write_bytes(tar_gz(files_below(tmp_path / "m")))
    (model,) = get(tmp_path / "m.tar.gz").models
    assert model.compiled[0].neuron


def test_what_will_hurt_is_logged_and_what_is_good_to_know_is_not(tmp_path, get, caplog):
    handmade.compiled(tmp_path / "all" / "whole" / "1", outputs_without_batch=True)
    get(tmp_path / "all")
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("whole, version 1: signature serving_default: total has no batch axis")


def test_a_damaged_compiled_model_is_refused_by_its_own_path(tmp_path, get):
    folder = handmade.compiled(tmp_path / "m" / "1")
    whole = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(whole[:-9])
    with pytest.raises(DamagedModel, match="cut short") as raised:
        get(tmp_path / "m")
    assert str(folder / "saved_model.pb") in raised.value.message


def test_a_damaged_model_for_cpu_is_left_to_the_model_server(tmp_path, get):
    folder = handmade.doubling(tmp_path / "m" / "1")
    (folder / "saved_model.pb").write_bytes((folder / "saved_model.pb").read_bytes()[:-9])
    (model,) = get(tmp_path / "m").models
    assert model.compiled == (Compiled(1),)
    assert "inspect" not in {told.step for told in get.told}
