"""Where models are kept between starts: SERVE_CACHE_DIR, or what stands in for it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from neuronserve import folders

SYSTEM = Path("/var/cache/neuronserve")  # the Dockerfile makes it, for whoever the container runs as


def place(root: Path | None) -> Path:
    """The folder of all entries: SERVE_CACHE_DIR, or where models are kept while it is not set.

    In a folder for everybody, such as a tmpfs, it is one of our own. Made by nobody yet.
    """
    chosen = root or _usual()
    return chosen / f"neuronserve-cache-{os.geteuid()}" if folders.is_shared(chosen) else chosen


def _usual() -> Path:
    """The system's for root and in the image, else the user's, else the temporary directory."""
    if os.access(SYSTEM, os.W_OK | os.X_OK):
        return SYSTEM
    if os.geteuid() == 0:
        # not below root's home, which model servers may not enter
        return SYSTEM if os.access(SYSTEM.parent, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    home = _home()
    return home / "neuronserve" if home is not None and _may_be_made(home) else Path(tempfile.gettempdir())


def _home() -> Path | None:
    """The user's folder for caches, as the XDG base directory specification has it."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named
    try:
        found = Path.home()
    except RuntimeError:  # no such user
        return None
    return found / ".cache" if found.is_absolute() and not folders.is_shared(found) else None


def _may_be_made(folder: Path) -> bool:
    nearest = next(one for one in (folder, *folder.parents) if os.path.exists(one))  # noqa: PTH110  never raises
    return os.access(nearest, os.W_OK | os.X_OK)
