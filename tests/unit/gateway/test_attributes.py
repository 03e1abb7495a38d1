from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import BadAttributes
from neuronserve.gateway.attributes import ANY, Route, echo, parse


def test_no_header_leaves_every_choice_to_the_service() -> None:
    assert parse(None) == parse("") == ANY


def test_all_four_attributes_are_read() -> None:
    header = "tfs-model-name=m-1, tfs-model-version=007,tfs-signature-name=a,tfs-method=classify"
    assert parse(header) == Route("m-1", 7, "a", "classify")


def test_the_callers_own_attributes_pass() -> None:
    assert parse("trace=1;a=b,c000b4f9-df62,tfs-model-name=m") == Route(model="m")


@pytest.mark.parametrize(
    "header",
    [
        "tfs-model-name=../../etc/passwd",
        "tfs-model-name=m/versions/2:predict",
        "tfs-model-name=a=b",
        "tfs-model-name=",
        "tfs-model-name",
        "tfs-model-name=a,tfs-model-name=b",
        "tfs-model-version=-1",
        "tfs-model-version=1.0",
        "tfs-model-version=٣",
        "tfs-model-version=99999999999999999999",
        "tfs-method=delete",
        "tfs-signature-name=a b",
        "tfs-modelname=m",
    ],
)
def test_a_value_that_cannot_be_used_is_named(header: str) -> None:
    with pytest.raises(BadAttributes, match=r"custom attribute '?tfs-"):
        parse(header)


@given(st.text(max_size=80))
def test_any_header_is_parsed_or_refused(header: str) -> None:
    with contextlib.suppress(BadAttributes):
        parse(header)


@given(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.none() | st.integers(0, 2**63 - 1),
    st.sampled_from(["predict", "classify", "regress"]),
)
def test_what_is_echoed_is_read_back_as_the_same_route(model: str, version: int | None, method: str) -> None:
    assert parse(echo(model, version, "serving_default", method)) == Route(
        model, version, "serving_default", method
    )


def test_a_signature_named_with_what_a_header_cannot_hold_is_echoed_escaped() -> None:
    said = echo("m", 1, "größe,tfs-method=x\r\n", "predict")
    assert said.isascii()
    assert said.isprintable()
    assert parse(said.replace("%", "")).method == "predict"


@given(st.text(max_size=2000), st.text(max_size=2000))
def test_what_is_echoed_is_never_more_than_the_platform_passes_on(model: str, signature: str) -> None:
    said = echo(model, 1, signature, "predict")
    assert len(said) <= 1024
    assert re.fullmatch(r"[\x21-\x7e]*", said)
    assert said.endswith("tfs-method=predict")
