"""``assets.extra/csv_columns.json``: the order of CSV columns that a model tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuronserve.artifact.inspect import columns, look, scan
from neuronserve.errors import DamagedModel
from neuronserve.messages import saved_model_pb2


def saved(folder: Path, *inputs: str) -> Path:
    model = saved_model_pb2.SavedModel()
    graph = model.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    for name in inputs:
        graph.signature_def["serving_default"].inputs[name].name = f"{name}:0"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def told(folder: Path, content: object) -> Path:
    file = folder / scan.COLUMNS
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_a_model_without_the_file_tells_no_order(tmp_path: Path) -> None:
    assert columns.read(saved(tmp_path / "1", "a")) == {}


def test_the_order_is_as_written_and_goes_with_the_version(tmp_path: Path) -> None:
    folder = told(saved(tmp_path / "1", "a", "b", "c"), {"serving_default": ["c", "a", "b"]})
    found = look.compiled(folder, 1)
    assert found.columns == {"serving_default": ("c", "a", "b")}
    assert type(found).from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_a_report_shows_the_order_with_and_without_the_file(tmp_path: Path) -> None:
    folder = saved(tmp_path / "1", "b", "a")
    assert "CSV columns:     a, b (signature serving_default)" in look.inspect(folder).to_text()
    told(folder, {"serving_default": ["b", "a"]})
    assert "CSV columns:     b, a (signature serving_default)" in look.inspect(folder).to_text()
    assert look.inspect(folder).as_dict()["csv_columns"] == {"serving_default": ["b", "a"]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (["a", "b"], "no object of lists"),
        ({"serving_default": "ab"}, "no object of lists"),
        ({"serving_default": ["a", 1]}, "no object of lists"),
        ({"other": ["a", "b"]}, "the model has no signature 'other'"),
        ({"serving_default": ["a"]}, "are not its inputs, each once"),
        ({"serving_default": ["a", "b", "b"]}, "are not its inputs, each once"),
        ({"serving_default": ["a", "c"]}, "are not its inputs, each once"),
    ],
)
def test_an_order_that_cannot_be_used_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    folder = told(saved(tmp_path / "1", "a", "b"), content)
    with pytest.raises(DamagedModel, match=reason):
        look.compiled(folder, 1)
