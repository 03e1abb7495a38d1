"""Where a script finds the files of its model, and what it is told when it looks elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuronserve.gateway.handlers import modelfiles

HERE = "/cache/artifact"


@pytest.mark.parametrize(
    ("error", "advised"),
    [
        (FileNotFoundError(2, "No such file or directory", "/opt/ml/model/1/vocab.json"), True),
        (NotADirectoryError(20, "Not a directory", "/opt/ml/model/1/words"), True),
        (RuntimeError("/opt/ml/model/1/words.txt; No such file"), True),  # as TensorFlow's own say it
        (OSError("Error opening '/opt/ml/models/bert/model/spiece.model'"), True),
        (FileNotFoundError(2, "No such file or directory", "/opt/ml/model-2/vocab.json"), False),
        (FileNotFoundError(2, "No such file or directory", "vocab.json"), False),
        (ValueError("no such word"), False),
    ],
)
def test_an_error_about_a_path_below_opt_ml_model_says_where_the_model_lies(
    error: Exception, advised: bool
) -> None:
    told = f"; the model lies in {HERE}: use context.model_dir, or SM_MODEL_DIR of the environment"
    assert modelfiles.advice(error, HERE) == (told if advised else "")


def test_where_the_model_lies_at_opt_ml_model_only_the_file_is_missing() -> None:
    error = FileNotFoundError(2, "No such file or directory", "/opt/ml/model/1/vocab.json")
    assert modelfiles.advice(error, "/opt/ml/model") == ""
    assert modelfiles.advice(error, "") == ""


def test_the_variables_name_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVE_MODEL_DIR", "another")
    monkeypatch.setenv("SM_MODEL_DIR", "/not/there")
    modelfiles.name(HERE)
    assert (os.environ["SERVE_MODEL_DIR"], os.environ["SM_MODEL_DIR"]) == (HERE, HERE)
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path))  # the user's own, and it is there
    modelfiles.name(HERE)
    assert (os.environ["SERVE_MODEL_DIR"], os.environ["SM_MODEL_DIR"]) == (HERE, str(tmp_path))


def test_of_several_models_each_has_its_own_while_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_MODEL_DIR", raising=False)
    with modelfiles.named("/models/a"):
        assert os.environ["SM_MODEL_DIR"] == os.environ["SERVE_MODEL_DIR"] == "/models/a"
    assert "SM_MODEL_DIR" not in os.environ
