"""Which code the models of a multi-model endpoint share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuronserve import privileges
from neuronserve.artifact import sharedcode
from neuronserve.privileges import Account, Accounts
from neuronserve.settings import Settings


def endpoint(models: Path, **environ: str) -> Settings:
    many = {"SAGEMAKER_MULTI_MODEL": "true", "SERVE_MODELS_DIR": str(models)}
    return Settings.from_environ({**many, **environ})


def holding(folder: Path, name: str = "inference.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return folder


def test_the_nearest_code_above_a_model_wins(tmp_path: Path) -> None:
    top = tmp_path / "models"
    url = top / "hash" / "model"
    url.mkdir(parents=True)
    many = endpoint(top)
    assert sharedcode.folders(many, url) == ()
    fetched = holding(tmp_path / "from-s3")
    assert sharedcode.folders(many, url, fetched) == (fetched,)
    beside = holding(tmp_path / "code")
    assert sharedcode.folders(many, url, fetched) == sharedcode.folders(many) == (beside,)
    shared = holding(top / "code")
    assert sharedcode.folders(many, url) == sharedcode.folders(many) == (shared, beside)
    nearer = holding(top / "hash" / "code")
    assert sharedcode.folders(many, url) == (nearer, shared, beside)
    assert sharedcode.folders(many) == (shared, beside)
    assert sharedcode.folders(Settings.from_environ({}), url) == ()


def test_a_model_outside_of_the_models_folder_has_that_of_all_models(tmp_path: Path) -> None:
    holding(tmp_path / "code")
    holding(tmp_path / "elsewhere" / "code")
    inside = tmp_path / "models"
    inside.mkdir()
    assert sharedcode.folders(endpoint(inside), tmp_path / "elsewhere" / "model") == (tmp_path / "code",)


@pytest.mark.parametrize("name", ["inference.py", "requirements.txt", "lib"])
def test_any_part_of_it_is_made_ready_at_the_start(tmp_path: Path, name: str) -> None:
    top = tmp_path / "models"
    assert not sharedcode.at_start(endpoint(top))
    holding(tmp_path / "code", "notes.txt")
    assert not sharedcode.at_start(endpoint(top))
    holding(tmp_path / "code", name)
    assert sharedcode.at_start(endpoint(top))


def test_a_place_in_s3_has_a_bucket_and_a_prefix(tmp_path: Path) -> None:
    bucket = {"SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET": "scripts"}
    prefix = {"SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX": "code/"}
    assert sharedcode.at_start(endpoint(tmp_path, **bucket, **prefix))
    assert not sharedcode.at_start(endpoint(tmp_path, **bucket))
    assert not sharedcode.at_start(endpoint(tmp_path, **prefix))
    assert not sharedcode.at_start(Settings.from_environ({**bucket, **prefix}))


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user takes root")
@pytest.mark.parametrize("written", ["", "inference.py"])
def test_code_that_a_model_servers_user_has_written_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    settings = endpoint(tmp_path / "models")
    holding(tmp_path / "code")
    accounts = Accounts(model_server=Account("m", 4242, 4343))
    monkeypatch.setattr(privileges, "accounts", lambda _settings: accounts)
    assert sharedcode.folders(settings) == (tmp_path / "code",)
    os.chown(tmp_path / "code" / written, 4242, -1)
    assert sharedcode.folders(settings) == ()
