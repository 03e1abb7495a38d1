"""An inference.py that would not be run is named, and one that is run, or none, is no reason for a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.artifact import misplaced

HANDLER = "def handler(data, context): ...\n"


def tree(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(HANDLER if name.lower().endswith("inference.py") else "")
    return root


@pytest.mark.parametrize(
    "where",
    [
        "inference.py",
        "1/inference.py",
        "1/code/inference.py",
        "resnet/1/code/inference.py",
        "resnet/code/inference.py",
        "Code/inference.py",
        "CODE/Inference.py",
        "code/Inference.py",
        "src/inference.py",
        "code/code/inference.py",
        "code/src/inference.py",
        "deep/er/still/inference.py",
        "export/Servo/1/inference.py",
    ],
)
def test_a_script_that_is_not_run_is_named_with_the_right_place(tmp_path: Path, where: str) -> None:
    tree(tmp_path, "1/saved_model.pb", "resnet/1/saved_model.pb", "export/Servo/1/saved_model.pb", where)
    (line,) = misplaced.warnings(tmp_path, None)
    assert f"'{where}' is not run" in line
    assert "code/inference.py at the root of the archive" in line


def test_what_belongs_to_it_is_named_too(tmp_path: Path) -> None:
    tree(tmp_path, "1/saved_model.pb", "1/inference.py", "1/requirements.txt", "1/lib/own.py")
    (line,) = misplaced.warnings(tmp_path, None)
    assert "requirements.txt and lib beside it are not used" in line


@pytest.mark.parametrize(
    "files",
    [
        ("code/inference.py", "code/lib/other/inference.py", "code/helpers/inference.py"),
        ("code/inference.py", "inference.py.bak", "1/assets/inference.py"),
        ("code/inference.py", "code/requirements.txt", "requirements.txt"),
    ],
)
def test_beside_a_script_that_is_run_there_is_nothing_to_say(tmp_path: Path, files: tuple[str, ...]) -> None:
    tree(tmp_path, "1/saved_model.pb", *files)
    assert misplaced.warnings(tmp_path, tmp_path / "code") == []


@pytest.mark.parametrize(
    "files",
    [
        (),
        ("vocab.json", "train.py", "model_inference.py", "inference.json", "README.md"),
        ("requirements.txt", "conda.yaml", "MLmodel"),  # as MLflow packs a model
        ("1/assets/inference.py", "1/assets.extra/inference.py", "1/variables/inference.py"),
        ("code/train.py", "lib/thing.py"),
        ("inference.py/1/data",),
    ],
)
def test_a_models_own_files_are_no_reason_for_a_word(tmp_path: Path, files: tuple[str, ...]) -> None:
    assert misplaced.warnings(tree(tmp_path, "1/saved_model.pb", *files), None) == []


def test_a_module_of_a_package_is_a_script_only_where_it_has_handlers(tmp_path: Path) -> None:
    tree(tmp_path, "1/saved_model.pb", "src/__init__.py", "src/inference.py", "tool/__init__.py")
    (tmp_path / "tool" / "inference.py").write_text("def run(): ...\n")
    (line,) = misplaced.warnings(tmp_path, None)
    assert "'src/inference.py'" in line


def test_requirements_beside_code_are_not_installed(tmp_path: Path) -> None:
    tree(tmp_path, "1/saved_model.pb", "code/inference.py", "requirements.txt")
    (line,) = misplaced.warnings(tmp_path, tmp_path / "code")
    assert "'requirements.txt' is not installed" in line
    assert "code/requirements.txt" in line


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    tree(tmp_path, "1/saved_model.pb", "src/inference.py")
    (tmp_path / "src" / "again").symlink_to(tmp_path)
    assert len(misplaced.warnings(tmp_path, None)) == 1
