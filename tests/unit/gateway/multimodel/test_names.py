from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import RequestError
from neuronserve.gateway.multimodel import names


@pytest.mark.parametrize("name", ["half_plus_three", "a", "_x", "Model-1.2", "0f" * 32, "x" * 255])
def test_what_platforms_and_users_call_models_is_taken(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "-a",
        "a/b",
        "a=b",
        "a b",
        "a\n",
        "ä",
        "a\x00",
        "x" * 256,
        "a,b",
        "%2e",
        "a\\b",
    ],
)
def test_what_could_leave_its_folder_or_its_header_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="a model's name cannot be"):
        names.checked(name)


@pytest.mark.parametrize(
    ("value", "said"), [(7, "number"), (True, "boolean"), (None, "null"), ([], "array"), ({}, "object")]
)
def test_a_name_that_is_no_text_is_refused_by_its_kind(value: object, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        names.checked(value)


def test_a_refusal_quotes_no_more_than_the_beginning() -> None:
    with pytest.raises(RequestError) as refused:
        names.checked("/" * 100_000)
    assert len(str(refused.value)) < 300


@given(st.text(max_size=40))
def test_a_name_that_is_taken_is_one_step_of_a_path(name: str) -> None:
    try:
        names.checked(name)
    except RequestError:
        return
    assert not set(name) & set("/\\=,;%\0\n\r ?#")
    assert name not in {".", ".."}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/models/m/invoke", "m"),
        ("/models/a/b/invoke", "a/b"),
        ("/models/../invoke", ".."),
        ("/models//m/invoke", "/m"),
        ("/models/invoke/invoke", "invoke"),
        ("/models/invoke", None),
        ("/models//invoke", None),
        ("/models/m", None),
        ("/models/m/invoke/", None),
        ("/invocations", None),
        ("/x/models/m/invoke", None),
    ],
)
def test_the_model_that_an_address_names(path: str, name: str | None) -> None:
    assert names.invoked(path) == name
