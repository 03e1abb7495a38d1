"""The files of a process, put in order before each of its starts, and as little written as can be.

The disk may be full: what is there already needs no room, and what the last run left gives some back.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path


def write_if_other(path: Path, text: str) -> None:
    """Raises OSError, and then the file is as it was: one that is opened for writing could be lost."""
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        if path.read_text() == text:
            return
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)


def removed_socket(folder: Path, names: Sequence[str]) -> str:
    """Why nobody can reach a process any more; empty while its sockets are there."""
    gone = next((name for name in names if not (folder / name).exists()), "")
    return f"its socket {gone} was removed" if gone else ""


def empty_folder(path: Path) -> None:
    """Take away all that is in it; it is made where it is not there. Raises OSError."""
    path.mkdir(mode=0o700, exist_ok=True)
    for child in path.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
