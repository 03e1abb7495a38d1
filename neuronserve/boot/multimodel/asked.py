"""One line of the control socket -> what is asked for. Raises RequestError, ModelNotFound."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from neuronserve import environment
from neuronserve.errors import ModelNotFound, RequestError

LOAD, UNLOAD = "load", "unload"
_SHOWN = 200  # characters of a text that is told back


@dataclasses.dataclass(frozen=True)
class Asked:
    """``url``: of a load, as it was given; ``folder``: where that is, without links."""

    do: str
    name: str
    url: str = ""
    folder: Path = Path()


def parse(line: bytes, models_dir: Path) -> Asked:
    """``{"do": "load", "name": ..., "url": ...}``, ``{"do": "unload", "name": ...}``."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestError("a request is one line of JSON") from None
    if not isinstance(raw, dict) or raw.get("do") not in (LOAD, UNLOAD):
        raise RequestError(f'"do" is {LOAD!r} or {UNLOAD!r}')
    name = checked_name(raw.get("name"))
    if raw["do"] == UNLOAD:
        return Asked(UNLOAD, name)
    url = raw.get("url")
    return Asked(LOAD, name, str(url), confined(url, models_dir))


def checked_name(name: Any) -> str:
    """A name that may be part of a path, of an address, and of a model server's list."""
    try:
        if isinstance(name, str) and ".." not in name:
            return environment.name(name)
    except environment.Fault:
        pass
    raise RequestError(
        f"not a model's name: {_shown(name)}",
        hint="letters, digits, '.', '_' and '-', at most 255, and no '..'",
    )


def confined(url: Any, models_dir: Path) -> Path:
    """The folder that is meant, without links. It must lie within ``models_dir``, also by its links."""
    if not isinstance(url, str) or not url.startswith("/") or "\0" in url:
        raise RequestError(
            f"the model's url is no absolute path: {_shown(url)}", hint="give the folder it was unpacked to"
        )
    root = Path(os.path.realpath(models_dir))
    try:
        folder = Path(os.path.realpath(url))
        within = folder != root and folder.is_relative_to(root)
        there = folder.is_dir() if within else False
    except (OSError, ValueError):
        raise RequestError(f"the model's url cannot be a path: {_shown(url)}") from None
    if not within:  # before it is said whether it exists
        raise RequestError(
            f"the model's url is not below {models_dir}: {_shown(url)}",
            hint="models are loaded from there; SERVE_MODELS_DIR says otherwise",
        )
    if not there:
        raise ModelNotFound(f"there is no folder {_shown(url)}")
    return folder


def _shown(given: Any) -> str:
    text = repr(given) if isinstance(given, str) else "nothing" if given is None else type(given).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
