from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import NotAcceptable
from neuronserve.payload import Kind, choose, media_type
from neuronserve.payload.media import NAMES


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
        ("text/csv, application/json", Kind.CSV),
        ("application/json, text/csv", Kind.JSON),
        ("application/x-npy, application/json, text/csv", Kind.NPY),
        ("application/jsonlines, application/json", Kind.LINES),
        ("tensor/pt, text/csv;q=0.9, application/json;q=0.9", Kind.CSV),
        ("text/csv;q=0.9, application/json", Kind.JSON),
        ("*/*, text/csv", Kind.CSV),
        ("*/*;q=0.9, text/csv;q=0.1", Kind.JSON),
        ("text/*, application/*", Kind.CSV),
        ("text/*;q=0.1, */*;q=0.2, application/json;q=0", Kind.LINES),
        ("application/*, application/json;q=0, application/jsonlines;q=0.1", Kind.NPY),
        ("text/csv;q=0.000, application/json;q=0.001", Kind.JSON),
        ("text/csv;header=present;q=0.4, text/csv;q=0.2, application/json;q=0.3", Kind.CSV),
        ("application/json;Q=0.2, text/csv;q=.5", Kind.CSV),
        ("text/csv;q=nan, application/json", Kind.CSV),
        ("text/csv;q=-1, application/json", Kind.CSV),
        ("application/json;q=7, text/csv;q=1", Kind.JSON),
        (",, text/csv ,", Kind.CSV),
        ("application/json;charset=utf-8", Kind.JSON),
        ('text/plain;x="a,b", application/x-npz', Kind.NPZ),
        ("application/json;q=x", Kind.JSON),
        ("application/protobuf", Kind.PROTOBUF),
    ],
)
def test_quality_then_being_named_then_the_place_in_the_list_then_our_order_decide(accept, kind):
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


def test_of_several_names_for_one_form_the_first_of_the_best_is_used():
    assert choose(
        "application/jsonlines;q=0.5, application/x-ndjson;q=0.8, application/jsons;q=0.8"
    ).name == ("application/x-ndjson")
    assert choose("text/csv;header=absent, text/csv;header=present").parameters == {"header": "absent"}


types = st.sampled_from([*NAMES, "text/*", "application/*", "*/*", "*", "tensor/pt", "image/*"])
qualities = st.sampled_from(["", ";q=0", ";q=0.2", ";q=0.7", ";q=1.0"])


@given(st.lists(st.tuples(types, qualities), min_size=1, max_size=5))
def test_the_choice_is_one_of_those_that_rfc_9110_holds_to_be_best(items):
    def weight(kind: Kind) -> float:
        """The quality of the most specific ranges that match."""
        found = {}
        for name, quality in items:
            value = float(quality[3:] or 1)
            if NAMES.get(name) is kind:
                found[2] = max(found.get(2, 0.0), value)
            elif name == f"{kind.split('/')[0]}/*":
                found[1] = max(found.get(1, 0.0), value)
            elif name in ("*/*", "*"):
                found[0] = max(found.get(0, 0.0), value)
        return found[max(found)] if found else 0.0

    weights = {kind: weight(kind) for kind in Kind if kind is not Kind.RAW}
    accept = ", ".join(map("".join, items))
    if any(weights.values()):
        assert weights[choose(accept).kind] == max(weights.values())
    else:
        with pytest.raises(NotAcceptable):
            choose(accept)


def test_protobuf_is_answered_with_protobuf_without_another_wish():
    sent = media_type("application/x-protobuf")
    assert choose(None, sent).kind is Kind.PROTOBUF
    assert choose("application/*", sent).kind is Kind.PROTOBUF
    assert choose("application/json", sent).kind is Kind.JSON


def test_classify_and_regress_answer_in_json_only():
    assert choose("*/*", method="classify").kind is Kind.JSON
    with pytest.raises(NotAcceptable):
        choose("text/csv", method="regress")
