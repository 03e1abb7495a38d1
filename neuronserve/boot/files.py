"""The files of a process, put in order before each of its starts, and as little written as can be.

The disk may be full: what is there already needs no room, and what the last run left gives some back.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path


def write_if_other(path: Path, text: str) -> None:
    """Raises OSError. On a full disk a file that is opened for writing could be lost."""
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        if path.read_text() == text:
            return
    path.write_text(text)


def removed_socket(folder: Path, names: Sequence[str]) -> str:
    """Why nobody can reach a process any more; empty while its sockets are there."""
    gone = next((name for name in names if not (folder / name).exists()), "")
    return f"its socket {gone} was removed" if gone else ""


def empty_folder(path: Path) -> None:
    """Make it, or take away all that is in it. Raises OSError."""
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        return
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
