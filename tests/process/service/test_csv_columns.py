"""CSV without a header and several inputs: the order of columns is the same at every start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import handmade


@pytest.mark.parametrize(
    ("order", "answer"), [(None, 9.0), (["a", "b"], 9.0), (["b", "a"], -9.0)], ids=["names", "a b", "b a"]
)
def test_columns_are_bound_by_name_or_as_the_model_says(serve, tmp_path: Path, order, answer: float) -> None:
    extra = handmade.difference(tmp_path / "m" / "1") / "assets.extra"
    if order:
        extra.mkdir()
        (extra / "csv_columns.json").write_text(json.dumps({"serving_default": order}))
    service = serve(MODEL_URI=str(tmp_path / "m"), MODEL_SERVER="cpu")
    service.wait_ready()
    reply = service.post("/invocations", b"10,1\n", {"Content-Type": "text/csv"})
    assert json.loads(reply.body) == {"predictions": [answer]}
    (model,) = json.loads(service.get("/").body)["models"]
    assert model["signatures"]["serving_default"]["csv_columns"] == (order or ["a", "b"])


@pytest.mark.parametrize("content", ["{", '{"serving_default": ["a"]}', '{"other": ["a", "b"]}'])
def test_an_order_that_cannot_be_used_ends_the_start_with_23(serve, tmp_path: Path, content: str) -> None:
    extra = handmade.difference(tmp_path / "m" / "1") / "assets.extra"
    extra.mkdir()
    (extra / "csv_columns.json").write_text(content)
    service = serve(MODEL_URI=str(tmp_path / "m"), MODEL_SERVER="cpu")
    assert service.wait_exit() == 23
