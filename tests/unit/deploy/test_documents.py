from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import documents
from neuronserve.errors import InvalidInput

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=5) | st.lists(VALUES, min_size=1, max_size=5)


@given(DOCUMENTS, st.sampled_from(["json", "yaml"]))
def test_what_is_written_is_read_back_the_same(value, form):
    assert documents.parse(documents.dump(value, form), f"x.{form}") == value


@given(st.text(), st.sampled_from(["x.json", "x.yaml", "x", "-"]))
def test_any_text_is_a_document_or_said_to_be_none(text, name):
    try:
        documents.parse(text, name)
    except InvalidInput as error:
        assert str(error).startswith(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x: empty"),
        ("  \n", "x: empty"),
        ('{"a": 1,}', "x, line 1, column 9"),
        ('{"a": NaN}', "x: NaN is no JSON"),
        ('{"a": {"b": 1, "b": 2}}', "x: the key 'b' is there twice"),
        ("a: 1\nb: [\n", "x, line 3, column 1"),
        ("a: 1\na: 2\n", "x, line 1, column 1: a key is there twice"),
        ("a: &a [1]\nb: *a\n", "x, line 2, column 6: aliases are not taken"),
        ("a: !!python/object:os.system []", "x, line 1, column 4: could not determine a constructor"),
        ('{"a": "\\ud800"}', "x#/a: half a character"),
        ("[" + "9" * 5000 + "]", "x: Exceeds the limit"),
        ('{"a": 1e999}', "x#/a: float is no value of JSON"),
        ("a: .nan", "x#/a: float is no value of JSON"),
        ("a: !!binary aGk=", "x#/a: bytes is no value of JSON"),
        ("a:\n  on: 1\n", "x#/a: the key True is no text: put it in quotes"),
        ("[" * 100_000, "x: nested too deeply"),
        ("a: " + "[" * 100_000, "x: "),
    ],
)
def test_a_text_that_is_no_document_is_told_where_it_breaks(text, said):
    with pytest.raises(InvalidInput) as caught:
        documents.parse(text, "x")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_dates_stay_the_text_that_they_are():
    assert documents.parse("version: 2012-10-17", "x") == {"version": "2012-10-17"}


def test_a_file_is_read_whatever_marks_its_encoding(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps({"a": "ü"}, ensure_ascii=False).encode())
    assert documents.read(str(file)) == {"a": "ü"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"\xff\xfe{", "not UTF-8"), (b" " * (17 << 20), "larger than")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, said):
    file = tmp_path / "a.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInput, match=said) as caught:
        documents.read(str(file))
    assert str(file) in str(caught.value)


def test_a_folder_is_no_document(tmp_path):
    with pytest.raises(InvalidInput, match="Is a directory"):
        documents.read(str(tmp_path))


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}')))
    assert documents.read("-") == {"a": 1}


def test_times_are_written_as_iso_8601():
    value = {"at": dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)}
    assert json.loads(documents.dump(value)) == {"at": "2026-01-02T03:04:00+00:00"}
