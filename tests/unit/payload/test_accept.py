from __future__ import annotations

import pytest

from neuronserve.errors import NotAcceptable
from neuronserve.payload import Kind, choose, media_type


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, Kind.JSON),
        ("", Kind.JSON),
        ("*/*", Kind.JSON),
        ("application/*", Kind.JSON),
        ("text/*", Kind.CSV),
        ("TEXT/CSV", Kind.CSV),
        ("text/csv;q=0.5, application/x-npy;q=0.8", Kind.NPY),
        ("application/json;q=0, */*", Kind.LINES),
        ("application/*;q=0.2, application/x-npz;q=0.1, text/csv;q=0.15", Kind.JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", Kind.JSON),
        ("text/csv, */*", Kind.CSV),
        ("text/csv, application/json", Kind.JSON),
        ("application/json;charset=utf-8", Kind.JSON),
        ('text/plain;x="a,b", application/x-npz', Kind.NPZ),
        ("application/json;q=x", Kind.JSON),
        ("application/protobuf", Kind.PROTOBUF),
    ],
)
def test_quality_then_being_named_then_our_order_decide(accept, kind):
    assert choose(accept).kind is kind


@pytest.mark.parametrize(
    "accept", ["text/plain", "text/html, image/png", "*/*;q=0", "application/json;q=0", ",", "x"]
)
def test_what_cannot_be_made_is_refused_and_the_rest_is_named(accept):
    with pytest.raises(NotAcceptable, match="application/x-npz") as caught:
        choose(accept)
    assert "application/json" in caught.value.hint


def test_the_answer_has_the_name_that_the_client_used():
    assert choose("application/vnd+python.numpy+binary").name == "application/vnd+python.numpy+binary"
    assert choose("application/x-ndjson;q=0.3").name == "application/x-ndjson"


@pytest.mark.parametrize(
    "sent", ["application/json", "application/jsonlines", "text/csv", "application/x-npy"]
)
def test_without_a_wish_the_answer_is_json(sent):
    assert choose("*/*", media_type(sent)).kind is Kind.JSON


def test_protobuf_is_answered_with_protobuf_without_another_wish():
    sent = media_type("application/x-protobuf")
    assert choose(None, sent).kind is Kind.PROTOBUF
    assert choose("application/*", sent).kind is Kind.PROTOBUF
    assert choose("application/json", sent).kind is Kind.JSON


def test_classify_and_regress_answer_in_json_only():
    assert choose("*/*", method="classify").kind is Kind.JSON
    with pytest.raises(NotAcceptable):
        choose("text/csv", method="regress")
