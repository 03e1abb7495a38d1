from __future__ import annotations

import pytest

from neuronserve.errors import NotAcceptable, UnsupportedMediaType
from neuronserve.payload import Kind, choose, media_type
from neuronserve.payload.media import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_known_in_any_case(name):
    assert media_type(name.upper()).kind is NAMES[name]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("application/json; charset=utf-8", Kind.JSON),
        ('Application/JSON;charset="UTF-8"', Kind.JSON),
        ("TEXT/CSV", Kind.CSV),
        ("text/csv ;header=present; charset=us-ascii", Kind.CSV),
        ("image/jpeg", Kind.RAW),
        ("image/svg+xml; charset=utf-16", Kind.RAW),
        (None, Kind.JSON),
        ("  ", Kind.JSON),
    ],
)
def test_case_and_parameters_are_tolerated(header, kind):
    assert media_type(header).kind is kind


def test_parameters_are_kept_without_their_quotes():
    assert media_type('text/csv; Header="present"').parameters == {"header": "present"}


def test_curls_default_is_refused_with_the_header_to_set():
    with pytest.raises(UnsupportedMediaType, match="-H 'Content-Type: application/json'"):
        media_type("application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "header", ["text/plain", "json", "application/json, text/csv", ";", "é/è", "a/b;=;;q"]
)
def test_an_unknown_type_is_refused_and_the_known_ones_are_named(header):
    with pytest.raises(UnsupportedMediaType, match="application/x-npy"):
        media_type(header)


@pytest.mark.parametrize("header", ["application/json; charset=utf-16", "text/csv; charset=latin-1"])
def test_text_that_is_not_utf_8_is_refused(header):
    with pytest.raises(UnsupportedMediaType, match="UTF-8"):
        media_type(header)


@pytest.mark.parametrize(
    "header", ['application/json; x="' + ";" * 30_000, "application/json" + ";a=b" * 8000]
)
def test_a_header_too_long_to_be_read_soon_is_refused(header):
    with pytest.raises(UnsupportedMediaType, match="2000 characters"):
        media_type(header)
    with pytest.raises(NotAcceptable, match="2000 characters"):
        choose(header)
