"""An ``inference.py`` that came with a model and is not where it would be run: said in words at the start.

AWS's container, and this one, run ``code/inference.py`` at the root of the archive. One at the root, in a
version's folder, in ``src/`` or in ``Code/`` is never run, and the model answers as if it had none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from neuronserve.artifact.layout import SAVED_MODEL_FILES
from neuronserve.artifact.members import FILE, FOLDER, is_junk, shown
from neuronserve.artifact.normalise import leads_to

RIGHT = "code/inference.py"
_FOLDER, _SCRIPT, _REQUIREMENTS, _LIB = "code", "inference.py", "requirements.txt", "lib"
_SAVED_MODEL_FOLDERS = frozenset({"variables", "assets", "assets.extra", "debug"})
_HANDLERS = re.compile(rb"^(?:async\s+)?(?:def\s+)?(?:handler|input_handler|output_handler)\b", re.MULTILINE)
_DEEPEST = 8  # folders
_MOST = 100_000  # entries that are looked at


def warnings(tree: Path, used: Path | None) -> list[str]:
    """A line for each. ``used``: the real folder of the ``inference.py`` that is run; None without one."""
    if used is not None:
        return list(_beside(tree, used))
    return [_line(tree, path) for path in _scripts(tree)]


def _line(tree: Path, path: PurePosixPath) -> str:
    """For a script that is not run; what belongs to it lies beside it."""
    folder = tree / path.parent
    beside = [name for name in (_REQUIREMENTS, _LIB) if _has(folder, name)]
    verb = "are" if len(beside) > 1 else "is"
    also = f", and {' and '.join(beside)} beside it {verb} not used" if beside else ""
    right = f"a model's own code is run from {RIGHT} at the root of the archive"
    return f"{shown(str(path))} is not run{also}: {right}; move {'them' if beside else 'it'} there"


def _beside(tree: Path, used: Path) -> Iterator[str]:
    """``requirements.txt`` at the root, where ``code/`` holds the script and no packages."""
    root = Path(os.path.realpath(tree))
    if (
        used == root
        or not used.is_relative_to(root)
        or any(_has(used, name) for name in (_REQUIREMENTS, _LIB))
    ):
        return
    if _has(used.parent, _REQUIREMENTS):
        where = (used.parent / _REQUIREMENTS).relative_to(root)
        yield f"{shown(str(where))} is not installed: move it beside {RIGHT}, to {_FOLDER}/{_REQUIREMENTS}"


def _has(folder: Path, name: str) -> bool:
    path = folder / name
    return path.is_dir() if name == _LIB else path.is_file()


def _scripts(tree: Path) -> list[PurePosixPath]:
    """Every ``inference.py`` in any case, but for modules of packages that are no handlers."""
    found = (path for path in _files(tree) if path.name.lower() == _SCRIPT)
    return [path for path in found if not _in_package(tree, path) or _handles(tree / path)]


def _in_package(tree: Path, path: PurePosixPath) -> bool:
    return (tree / path.parent / "__init__.py").exists()


def _handles(script: Path) -> bool:
    with script.open("rb") as file:
        return _HANDLERS.search(file.read(1 << 20)) is not None


def _files(tree: Path) -> Iterator[PurePosixPath]:
    """Of the whole tree but for the SavedModels' own folders; in one order whatever the file system gives."""
    left = _MOST
    todo: list[tuple[PurePosixPath, tuple[tuple[int, int], ...]]] = [(PurePosixPath(), ())]
    while todo:
        below, above = todo.pop()
        stat = os.stat(tree / below)
        here = (stat.st_dev, stat.st_ino)
        if here in above or len(above) > _DEEPEST:
            continue
        with os.scandir(tree / below) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        model = any(entry.name in SAVED_MODEL_FILES for entry in ordered)
        for entry in ordered:
            left -= 1
            if left < 0:
                return
            if is_junk(entry.name) or (model and entry.name in _SAVED_MODEL_FOLDERS):
                continue
            kind = leads_to(entry)
            if kind == FOLDER:
                todo.append((below / entry.name, (*above, here)))
            elif kind == FILE:
                yield below / entry.name
