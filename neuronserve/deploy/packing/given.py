"""``NAME=PATH:VERSION``, of which PATH alone must be there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from neuronserve.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")  # what `serve` takes: artifact/layout.py
_RESERVED = ("code", "export", "Servo")  # no names of models, but folders around or beside them
_VERSION = re.compile(r"(?P<source>.+):(?P<version>[0-9]{1,19})")
HIGHEST = (1 << 63) - 1  # TensorFlow Serving keeps versions in an int64


@dataclasses.dataclass(frozen=True)
class Given:
    """``source``: a path or ``s3://`` address. ``name`` and ``version`` None: as the source says."""

    source: str
    name: str | None = None
    version: int | None = None


def parsed(text: str) -> Given:
    """What a word of the command line asks for; a path that is there as written is taken as it is.

    Raises InvalidInput.
    """
    if text and Path(text).exists():
        return Given(text)
    name, rest = _split_name(text)
    if rest and Path(rest).exists():
        return Given(rest, name)
    found = _VERSION.fullmatch(rest)
    if not found:
        return Given(_source(rest, text), name)
    return Given(_source(found["source"], text), name, version(found["version"]))


def _split_name(text: str) -> tuple[str | None, str]:
    if text.startswith("s3://") or "=" not in text:
        return None, text
    name, _, rest = text.partition("=")
    return legal(name), rest


def legal(name: str) -> str:
    """A name for a model. Raises InvalidInput."""
    if not _NAME.fullmatch(name) or name.isdecimal() or name in _RESERVED:
        raise InvalidInput(
            f"{name!r} is no name for a model",
            hint="letters, digits, dots, dashes and underscores, no number; not code, export or Servo",
        )
    return name


def version(text: str) -> int:
    """Raises InvalidInput."""
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > HIGHEST:
        raise InvalidInput(f"version {text!r}: expected a whole number from 0 to {HIGHEST}")
    return int(text)


def _source(source: str, text: str) -> str:
    if not source:
        raise InvalidInput(
            f"{text!r} names no model", hint="NAME=PATH:VERSION; name and version may be left out"
        )
    if not source.startswith("s3://") and not Path(source).exists():
        raise InvalidInput(f"{source}: no such file or folder")
    return source
