"""A home that nobody else writes to: the image's is /tmp, where a model's graph may write files.

What lies in a home is obeyed: ``.aws/config`` may name a program that is run for credentials
(``credential_process``), ``.config/pip/pip.conf`` an index to install from. So where HOME is a folder for
everybody, the service's parts get one of their own. What lies there at the start is the operator's, and
counts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from neuronserve import cachedir, folders
from neuronserve.settings import Settings

FOLDER = "home"  # in the runtime folder
_OBEYED = {
    "AWS_CONFIG_FILE": (".aws/config",),
    "AWS_SHARED_CREDENTIALS_FILE": (".aws/credentials",),
    "PIP_CONFIG_FILE": (".config/pip/pip.conf", ".pip/pip.conf"),
}


def variables(environ: Mapping[str, str], settings: Settings, runtime: Path) -> dict[str, str]:
    """What changes in the environment of the service's parts; nothing where HOME is somebody's own."""
    shared = Path(environ.get("HOME", ""))
    if not shared.is_absolute() or not folders.is_shared(shared):
        return {}
    (runtime / FOLDER).mkdir(mode=0o700, exist_ok=True)
    found = {
        name: str(shared / file)
        for name, files in _OBEYED.items()
        for file in files
        if name not in environ and os.access(shared / file, os.R_OK)
    }
    kept = cachedir.place(settings.cache_dir)  # does not move with it
    return {**found, "HOME": str(runtime / FOLDER), "SERVE_CACHE_DIR": str(kept)}
