from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import BodyTooLarge, MalformedBody, RequestError
from neuronserve.gateway.multimodel import asked
from neuronserve.gateway.multimodel.asked import Load

URL = "/opt/ml/models/m/model"


def test_a_load_has_a_name_and_a_folder() -> None:
    assert asked.load(json.dumps({"model_name": "m", "url": URL}).encode()) == Load("m", URL)


def test_keys_that_are_not_known_pass() -> None:
    body = {"model_name": "m", "url": URL, "handler": "x:y", "batch_size": 4, "new": {"deep": []}}
    assert asked.load(json.dumps(body).encode()) == Load("m", URL)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"m"', "not a JSON object"),
        (b"{}", "has no model_name"),
        (b'{"model_name": "m", "uri": "/opt/ml/models/m"}', "has no url"),
        (b'{"model_name": 7, "url": "/m"}', "number"),
        (b'{"model_name": "../x", "url": "/m"}', "model's name"),
        (b'{"model_name": "m", "url": null}', "url is not"),
        (b'{"model_name": "m", "url": ""}', "url is not"),
        (b'{"model_name": "m", "url": ["/m"]}', "url is not"),
        (b'{"model_name": "m", "url": "/m\\u0000"}', "cannot be printed"),
        (b'{"model_name": "m", "url": "/m\\nx"}', "cannot be printed"),
        (b'{"model_name": "m", "url": "/%s"}' % (b"m" * 5000), "at most 4096"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_what_is_wrong(body: bytes, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        asked.load(body)


def test_a_body_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(BodyTooLarge):
        asked.load(b" " * (asked.LONGEST_BODY + 1))


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_nothing_but_a_refusal_comes_of_anything_else(body: bytes) -> None:
    with pytest.raises((RequestError, MalformedBody)):
        asked.load(body)
