"""The mark of a simulated host: one file beside its devices, which no real ``/dev`` has.

A tree with the mark is simulated, whatever else it shows. Its devices are null devices, or links to one;
``look`` refuses any other device beside the mark, and a null device without it. So neither is ever taken
for the other.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from neuronserve.errors import DeviceFault
from neuronserve.instances import catalogue

NAME = "neuron-simulated.json"
_HINT = "make the simulated host anew, or remove its folder"


@dataclasses.dataclass(frozen=True)
class Marker:
    """``minors``: device index -> number on the pretended host. ``cores_dir``: one lock file per core."""

    instance_type: str
    minors: dict[int, int]
    cores_dir: Path


def read(dev: Path) -> Marker | None:
    """The mark of the device folder ``dev``; None: there is none. Raises DeviceFault when it is damaged."""
    path = dev / NAME
    try:
        raw = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise DeviceFault(f"{path} cannot be read", hint=_HINT, detail=str(error)) from error
    return _marker(raw, path)


def _marker(raw: Any, path: Path) -> Marker:
    try:
        return Marker(
            instance_type=catalogue()[_text(raw["instance_type"])].name,
            minors={int(index): _number(minor) for index, minor in raw["minors"].items()},
            cores_dir=Path(_text(raw["cores_dir"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeviceFault(
            f"{path} is not what marks a simulated host", hint=_HINT, detail=repr(error)
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{value!r} is no text")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no number")
    return value
