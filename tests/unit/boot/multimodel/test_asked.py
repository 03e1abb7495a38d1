"""Requests for loads and unloads: names are names, and folders lie where models are unpacked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.boot.multimodel import asked
from neuronserve.boot.multimodel.asked import Asked
from neuronserve.errors import ModelNotFound, NeuronserveError, RequestError


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "models" / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "models"


def load(url: object, models: Path, name: object = "a") -> Asked:
    return asked.parse(json.dumps({"do": "load", "name": name, "url": url}).encode(), models)


def test_a_load_names_a_folder_below_the_models(models: Path) -> None:
    assert load(str(models / "a"), models) == Asked("load", "a", str(models / "a"), models / "a")


def test_an_unload_names_a_model(models: Path) -> None:
    assert asked.parse(b'{"do": "unload", "name": "a"}', models) == Asked("unload", "a")


def test_the_folder_of_models_may_be_a_link_itself(models: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(models)
    assert load(str(tmp_path / "link" / "a"), tmp_path / "link").folder == models / "a"


@pytest.mark.parametrize("line", [b"", b"\xff", b"[]", b"{}", b'{"do": "show", "name": "a"}', b"[" * 30_000])
def test_what_is_no_request_is_refused(line: bytes, models: Path) -> None:
    with pytest.raises(RequestError):
        asked.parse(line, models)


@pytest.mark.parametrize(
    "name", [None, 1, "", ".", "..", "a/b", "../a", "a..b", "-a", "a b", "\u00e4", "a" * 256]
)
def test_what_is_no_name_is_refused(name: object, models: Path) -> None:
    with pytest.raises(RequestError, match="not a model's name"):
        load(str(models / "a"), models, name)


@pytest.mark.parametrize("name", ["a", "_a", "A-1.b_2", "0123456789abcdef", "a" * 255])
def test_names_are_those_of_folders(name: str, models: Path) -> None:
    assert load(str(models / "a"), models, name).name == name


@pytest.mark.parametrize(
    "url",
    [None, 5, "", "a", "s3://bucket/a", "file:///a", "/\0", "/" + "a" * 5000, "/etc", "/etc/passwd", "/"],
)
def test_what_is_no_folder_of_a_model_is_refused(url: object, models: Path) -> None:
    with pytest.raises(RequestError, match="the model's url"):
        load(url, models)


def test_no_way_leads_out_of_the_models(models: Path, tmp_path: Path) -> None:
    (models / "out").symlink_to(tmp_path / "elsewhere")
    (models / "up").symlink_to("..")
    for url in (
        models / ".." / "elsewhere",
        models / "out",
        models / "up" / "elsewhere",
        models,
        models / ".",
    ):
        with pytest.raises(RequestError, match="not below"):
            load(str(url), models)


def test_whether_something_is_elsewhere_is_not_told(models: Path, tmp_path: Path) -> None:
    for name in ("elsewhere", "nothing"):
        with pytest.raises(RequestError, match="not below"):
            load(str(tmp_path / name), models)
    with pytest.raises(ModelNotFound):
        load(str(models / "nothing"), models)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_line_is_understood_or_refused(line: bytes) -> None:
    try:
        asked.parse(line, Path("/opt/ml/models"))
    except NeuronserveError as error:
        assert "\n" not in error.message


@given(st.text(max_size=100))
def test_any_address_is_below_the_models_or_refused(url: str) -> None:
    try:
        folder = asked.confined(url, Path("/usr/lib"))
    except (RequestError, ModelNotFound):
        return
    assert folder.is_relative_to("/usr/lib")
