from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import WarmUpFailed
from neuronserve.readiness import recorded
from neuronserve.readiness.compare import Tolerance

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [
        "instances",
        "inputs",
        "signature_name",
        "predictions",
        "outputs",
        "name",
        "model",
        "version",
        "rtol",
        "atol",
    ]
)


def same(a, b) -> bool:
    return json.dumps(a) == json.dumps(b)


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "golden.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def fault(path: Path) -> str:
    with pytest.raises(WarmUpFailed) as caught:
        list(recorded.read(path))
    return str(caught.value)


def test_a_line_is_a_request_with_its_answer(tmp_path) -> None:
    line = {
        "inputs": {"x": [1]}, "signature_name": "s", "outputs": [2], "name": "cat", "model": "m",
        "version": 3, "rtol": 0.5, "atol": 0,
    }  # fmt: skip
    path = written(tmp_path, json.dumps(line))
    (found,) = recorded.read(path)
    assert found.where == f"{path}, line 1 ('cat')"
    assert found.request == {"inputs": {"x": [1]}, "signature_name": "s"}
    assert found.answer == ("outputs", [2])
    assert (found.model, found.version, found.tolerance) == ("m", 3, Tolerance(0.5, 0.0))


def test_a_line_without_an_answer_only_warms_up(tmp_path) -> None:
    (found,) = recorded.read(written(tmp_path, '{"instances": [1]}'))
    assert found.answer is None
    assert (found.model, found.version, found.tolerance) == ("", None, Tolerance(1e-2, 1e-3))


def test_blank_lines_and_comments_are_skipped_and_still_counted(tmp_path) -> None:
    text = b'\xef\xbb\xbf# recorded\r\n\r\n  # more\n{"instances": [1]}\r\n\n{"instances": [2]}'
    found = list(recorded.read(written(tmp_path, text)))
    assert [line.where.rpartition(", ")[2] for line in found] == ["line 4", "line 6"]


def test_an_expected_answer_of_null_is_an_answer(tmp_path) -> None:
    (found,) = recorded.read(written(tmp_path, '{"instances": [1], "predictions": null}'))
    assert found.answer == ("predictions", None)


@given(value=JSON, kind=st.sampled_from(["instances", "inputs"]), answer=JSON)
def test_any_json_value_comes_through_as_it_is(value, kind, answer) -> None:
    line = json.dumps({kind: value, "predictions": answer}).encode()
    found = recorded.parse(line, "f, line 1")
    assert same(found.request[kind], value)
    assert same(found.answer[1], answer)


@given(line=st.binary() | JSON.map(lambda v: json.dumps(v).encode()))
def test_whatever_a_line_holds_it_is_read_or_refused_with_its_place(line) -> None:
    try:
        found = recorded.parse(line, "f, line 7")
    except WarmUpFailed as error:
        assert error.message.startswith("f, line 7")
    else:
        assert found.request


@given(document=st.dictionaries(KEYS, JSON))
def test_whatever_stands_under_known_keys_is_read_or_refused(document) -> None:
    try:
        found = recorded.parse(json.dumps(document).encode(), "f, line 7")
    except WarmUpFailed as error:
        assert error.message.startswith("f, line 7")
    else:
        assert ("instances" in found.request) != ("inputs" in found.request)
        assert 0 <= found.tolerance.rtol < math.inf


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 2: it is not JSON"),
        ("[1]", "line 2: it is no JSON object"),
        ('{"instances": []} {"instances": []}', "line 2: it is 2 JSON documents"),
        ("{}", 'it has neither "instances" nor "inputs"'),
        ('{"instances": [], "inputs": []}', 'it has both "instances" and "inputs"'),
        ('{"inputs": [], "outputs": [], "predictions": []}', 'it has both "predictions" and "outputs"'),
        ('{"instances": [], "prediction": []}', "'prediction' is not known here; is 'predictions' meant?"),
        ('{"instances": [], "version": "1"}', '"version" is no whole number'),
        ('{"instances": [], "version": true}', '"version" is no whole number'),
        ('{"instances": [], "rtol": -1}', '"rtol" is no number from 0'),
        ('{"instances": [], "atol": NaN}', '"atol" is no number from 0'),
        ('{"instances": [], "atol": 1e999}', '"atol" is no number from 0'),
        ('{"instances": [], "model": 1}', '"model" is no text'),
        ('{"instances": [], "instances": []}', 'the key "instances" occurs twice'),
    ],
)
def test_a_line_that_cannot_be_used_is_told_with_its_number(tmp_path, line, text) -> None:
    path = written(tmp_path, f"# first\n{line}\n")
    told = fault(path)
    assert text in told
    assert str(path) in told


def test_a_line_too_long_is_refused_before_it_is_read_whole(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(recorded, "LONGEST_LINE", 1_000_000)
    path = written(tmp_path, b'{"instances": [1]}\n' + b" " * 1_000_001)
    assert "line 2 is longer than 1 MB" in fault(path)


def test_a_line_of_the_greatest_length_is_read(tmp_path, monkeypatch) -> None:
    line = b'{"instances": [1]}\n'
    monkeypatch.setattr(recorded, "LONGEST_LINE", len(line))
    assert len(list(recorded.read(written(tmp_path, line * 2)))) == 2


def test_lines_are_read_one_at_a_time(tmp_path) -> None:
    lines = recorded.read(written(tmp_path, '{"instances": [1]}\nno json'))
    assert next(lines).request == {"instances": [1]}
    with pytest.raises(WarmUpFailed, match="line 2"):
        next(lines)


def test_a_file_that_is_not_there_is_told(tmp_path) -> None:
    assert f"{tmp_path / 'none'} is no file" in fault(tmp_path / "none")
    assert f"{tmp_path} is no file" in fault(tmp_path)


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch) -> None:
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, '{"instances": [1]}')
    monkeypatch.setattr(Path, "open", denied)
    assert f"{path} cannot be read: Permission denied" in fault(path)
