"""Where in a model's own code a fault lies: for the log, never for a client."""

from __future__ import annotations

import traceback
from pathlib import Path

_LONGEST = 500


def told(error: BaseException, code: Path) -> str:
    """``code/inference.py:12 in handler: ValueError: why``; with the library it came out of, if any."""
    why = f"{type(error).__name__}: {str(error).strip()[:_LONGEST]}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename:
        where = _shown(error.filename, code) or _library(error.filename)
        return f"{where}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _shown(frame.filename, code)]
    if not own:
        return why
    last = own[-1]
    where = f"{_shown(last.filename, code)}:{last.lineno} in {last.name}"
    inner = frames[-1]
    from_where = "" if inner is last else f" (from {_library(inner.filename)}:{inner.lineno} in {inner.name})"
    return f"{where}: {why}{from_where}"


def trace(error: BaseException, code: Path) -> str:
    """The whole traceback, from the model's own code on."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if _shown(frame.filename, code)), 0)
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()


def _shown(filename: str, code: Path) -> str:
    """``code/inference.py`` for a file of the model's own; "" for all others, those in ``code/lib`` too."""
    path = Path(filename)
    if not path.is_relative_to(code) or path.is_relative_to(code / "lib"):
        return ""
    return f"code/{path.relative_to(code)}"


def _library(filename: str) -> str:
    """The last two parts of a library's file: which package it is."""
    return "/".join(Path(filename).parts[-2:])
