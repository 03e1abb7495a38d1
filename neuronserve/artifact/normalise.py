"""A tree of any accepted layout becomes ``models/NAME/VERSION``: links, so nothing is copied."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import layout, strangers
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.members import FILE, FOLDER, is_junk
from neuronserve.artifact.source import Tree, readable
from neuronserve.errors import HostileArchive

MAX_DEPTH = 64
_ROOT = "bundle"


def normalise(tree: Tree, work_dir: Path, *, name: str | None, default: str | None, max_files: int) -> Bundle:
    """The bundle of a tree, its links made anew under ``work_dir/bundle``.

    Raises NoSavedModel, OtherFramework, AmbiguousModels, and AccessDenied for a folder that cannot be read.
    """
    with readable(tree.path):
        files, folders = listed(tree.path, max_files=max_files)
    made = layout.plan(
        files,
        folders,
        source=tree.source,
        name=name,
        default=default,
        open_file=strangers.opener(tree.path),
    )
    root = work_dir / _ROOT
    if root.exists():
        shutil.rmtree(root)
    real = Path(os.path.realpath(tree.path))
    models = []
    for model, versions in made.models.items():
        base = root / "models" / model
        base.mkdir(parents=True)
        for version, path in versions.items():
            (base / str(version)).symlink_to(real / path)
        models.append(BundledModel(model, base, tuple(sorted(versions))))
    extras = root / "extras"
    for shown, path in made.extras.items():
        link = extras / shown
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(real / path)
    return Bundle(
        root=root,
        models=tuple(models),
        default_model=made.default,
        extras=tuple(made.extras),
        extras_path=extras if made.extras else None,
        digest=tree.digest,
        source=tree.source,
        reused=tree.reused,
        model_dir=str(real),
    )


def listed(root: Path, *, max_files: int) -> tuple[list[str], list[str]]:
    """Relative paths of the files and folders below ``root``; links are followed, but not in circles."""
    files: list[str] = []
    folders: list[str] = []
    for path, is_folder in _walk(os.fspath(root), "", (), 0):
        (folders if is_folder else files).append(path)
        if max(len(files), len(folders)) > max_files:  # links may lead to one folder on many ways
            raise HostileArchive(
                f"{root} holds more than {max_files:,} files or folders",
                hint="raise SERVE_MAX_FILES if that is right, or name a narrower directory",
            )
    return files, folders


def _walk(
    folder: str, below: str, above: tuple[tuple[int, int], ...], depth: int
) -> Iterator[tuple[str, bool]]:
    stat = os.stat(folder)
    here = (stat.st_dev, stat.st_ino)
    if here in above or depth > MAX_DEPTH:
        return
    with os.scandir(folder) as entries:
        # what the kernel gives first must not decide anything
        ordered = sorted(entries, key=lambda entry: entry.name)
    savedmodel = any(entry.name in layout.SAVED_MODEL_FILES and leads_to(entry) == FILE for entry in ordered)
    for entry in ordered:
        path = f"{below}{entry.name}"
        if is_junk(entry.name):
            continue
        kind = leads_to(entry)
        if kind == FOLDER:
            yield path, True
            if not savedmodel or entry.name.isdecimal():  # nothing below one matters but a rival version
                yield from _walk(entry.path, f"{path}/", (*above, here), depth + 1)
        elif kind == FILE:
            yield path, False


def leads_to(entry: os.DirEntry[str]) -> str:
    """FILE, FOLDER, or "" for what is neither: a link to nothing or in a circle, a device, a pipe."""
    try:
        return FOLDER if entry.is_dir() else FILE if entry.is_file() else ""
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            return ""
        raise
