"""A file of task definitions for each instance type of the catalogue: planned, then written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuronserve.errors import DeployError, InvalidInput, PlanError, SettingsError
from neuronserve.instances import InstanceType

Refusal = (DeployError, PlanError, SettingsError)


@dataclasses.dataclass(frozen=True)
class File:
    """``state``: ``new``, ``same`` (as the one that is there), or ``other``."""

    path: Path
    text: str
    state: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """``skipped``: why there is no file for a type, by its name."""

    files: tuple[File, ...]
    skipped: Mapping[str, str]


def plan(
    types: Sequence[InstanceType], text: Callable[[InstanceType], str], folder: Path, suffix: str
) -> Plan:
    """``text``: the file of a type; what it refuses is skipped. Raises what it refuses for all types."""
    files, refused = [], {}
    for instance in types:
        try:
            made = text(instance)
        except Refusal as error:
            refused[instance.name] = error
            continue
        path = folder / f"{instance.name}{suffix}"
        files.append(File(path, made, _state(path, made)))
    if not files:
        raise next(iter(refused.values()))
    return Plan(tuple(files), {name: str(error) for name, error in refused.items()})


def write(made: Plan, *, force: bool) -> None:
    """Raises InvalidInput, and writes nothing, where another file is in the way; ``force`` replaces it."""
    others = [str(file.path) for file in made.files if file.state == "other"]
    if others and not force:
        raise InvalidInput(
            f"{', '.join(others)}: there, with other contents",
            hint="use --force to replace, or another --out",
        )
    for file in made.files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            if file.state != "same":
                file.path.write_text(file.text, encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{file.path}: {error.strerror}") from None


def _state(path: Path, text: str) -> str:
    try:
        return "same" if path.read_bytes() == text.encode() else "other"
    except FileNotFoundError:
        return "new"
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
