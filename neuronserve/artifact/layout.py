"""Which folders of a tree are models: a pure function from paths to a plan.

A SavedModel is a folder with ``saved_model.pb`` or ``saved_model.pbtxt``; what lies below one is its
own business (a SavedModel in an ``assets`` folder is an asset). A numeric folder is a version
(``0001`` is 1); a SavedModel without one is version 1. Its name is that of the nearest folder above
which is no number and not one of the wrappers that TensorFlow's Estimator makes (``export/Servo``);
at the top of the tree it has none, and is called ``model``. All else is kept aside.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterable

from neuronserve.artifact.members import is_junk, shown
from neuronserve.artifact.strangers import Opener, refusal
from neuronserve.errors import AmbiguousModels

log = logging.getLogger(__name__)

SAVED_MODEL_FILES = frozenset({"saved_model.pb", "saved_model.pbtxt"})
NAMELESS = "model"
_WRAPPERS = frozenset({"export", "Servo"})
_LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_MAX_VERSION = (1 << 63) - 1  # TF Serving keeps versions in an int64


@dataclasses.dataclass(frozen=True)
class Found:
    """One SavedModel: its folder in the tree, and what the path says about it (``name`` "": nothing)."""

    path: str
    name: str
    version: int


@dataclasses.dataclass(frozen=True)
class Layout:
    """The plan. ``models``: name -> version -> folder. ``extras``: shown name -> path in the tree."""

    models: dict[str, dict[int, str]]
    default: str
    extras: dict[str, str]


def plan(
    files: Iterable[str],
    folders: Iterable[str] = (),
    *,
    source: str,
    name: str | None = None,
    default: str | None = None,
    open_file: Opener | None = None,
) -> Layout:
    """The plan for a tree of ``files`` and ``folders`` (relative paths; folders that hold files need
    not be given).

    ``name`` is MODEL_NAME: it renames a single model and selects among several. ``default`` is
    SAGEMAKER_TFS_DEFAULT_MODEL_NAME. ``open_file`` lets what is no
    SavedModel be recognised by its content. Raises NoSavedModel, OtherFramework and AmbiguousModels.
    """
    files = sorted(path for path in files if not is_junk(path))
    found = find(files, source)
    if not found:
        raise refusal(files, source, open_file)
    groups = _grouped(found, source)
    models = _named(groups, source, name, default)
    chosen = _default(models, source, default)
    every = [*files, *(path for path in folders if not is_junk(path))]
    return Layout(dict(sorted(models.items())), chosen, _extras(every, [one.path for one in found]))


def find(files: Iterable[str], source: str) -> list[Found]:
    """Every SavedModel, the outermost of nested ones. Raises AmbiguousModels for a version inside one."""
    homes = {path.rpartition("/")[0] for path in files if path.rpartition("/")[2] in SAVED_MODEL_FILES}
    found: list[Found] = []
    for home in sorted(homes):
        parts = home.split("/") if home else []
        above = next((up for n in range(len(parts)) if (up := "/".join(parts[:n])) in homes), None)
        if above is None:
            found.append(_found(home, parts))
        elif _is_version(parts[-1]) and home.rpartition("/")[0] == above:
            raise AmbiguousModels(
                f"{source} holds a SavedModel in {_place(above)} and another in {_place(home)}, below it",
                hint="keep one of them, or move the first into a version folder of its own",
            )
    return found


def _found(home: str, parts: list[str]) -> Found:
    versioned = bool(parts) and _is_version(parts[-1])
    names = (part for part in reversed(parts) if not part.isdecimal() and part not in _WRAPPERS)
    return Found(home, next(names, ""), int(parts[-1]) if versioned else 1)


def _is_version(part: str) -> bool:
    return part.isascii() and part.isdecimal() and int(part) <= _MAX_VERSION


def _grouped(found: list[Found], source: str) -> dict[str, dict[int, str]]:
    """The models by their names as found. Raises AmbiguousModels where two folders claim the same."""
    models: dict[str, dict[int, str]] = {}
    homes: dict[str, str] = {}
    for one in found:
        name = _legal(one.name)
        base = one.path.rpartition("/")[0] if _is_version(one.path.rpartition("/")[2]) else one.path
        versions = models.setdefault(name, {})
        if one.version in versions:
            raise AmbiguousModels(
                f"{source} holds version {one.version} of {name!r} twice: in {_place(versions[one.version])} "
                f"and in {_place(one.path)}",
                hint="keep one of the two folders",
            )
        if homes.setdefault(name, base) != base:
            raise AmbiguousModels(
                f"{source} holds two models that would both be called {name!r}: in {_place(homes[name])} "
                f"and in {_place(base)}",
                hint="give their folders different names",
            )
        versions[one.version] = one.path
    return models


def _legal(name: str) -> str:
    """A name that routes, metrics and the model server all take; "" stays "", for "no name"."""
    if not name or _LEGAL.fullmatch(name):
        return name
    better = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip("._-")[:255] or NAMELESS
    log.warning("%s is no name that a model can have: serving it as %r", shown(name), better)
    return better


def _named(
    models: dict[str, dict[int, str]], source: str, name: str | None, default: str | None
) -> dict[str, dict[int, str]]:
    """The models under the names they are served by."""
    if len(models) == 1:
        found, versions = next(iter(models.items()))
        # TF Serving's container called its one model by the default's name; a nameless one still is
        return {name or found or default or NAMELESS: versions}
    if "" in models and NAMELESS in models:
        raise AmbiguousModels(
            f"{source} holds a SavedModel at its top and another called {NAMELESS!r}",
            hint="give the one at the top a folder with a name",
        )
    named = {found or NAMELESS: versions for found, versions in models.items()}
    if name is None:
        return named
    if name not in named:
        raise AmbiguousModels(
            f"{source} holds several models, {_listed(named)}, and none is called MODEL_NAME={name}",
            hint="set MODEL_NAME to one of them, or leave it unset to serve all",
        )
    return {name: named[name]}


def _default(models: dict[str, dict[int, str]], source: str, default: str | None) -> str:
    """The model for requests that name none.

    Several models and no choice: AWS's container took the first that the file system gave it. So that
    what worked there works here, and is the same at every start, it is the first by name, with a warning.
    """
    if default is not None:
        if default not in models:
            raise AmbiguousModels(
                f"SAGEMAKER_TFS_DEFAULT_MODEL_NAME={default}, but {source} holds {_listed(models)}",
                hint="set it to one of them",
            )
        return default
    if len(models) == 1 or NAMELESS in models:
        return NAMELESS if NAMELESS in models else next(iter(models))
    first = min(models)
    log.warning(
        "%s holds several models (%s): requests that name none go to %r; to choose, set "
        "SAGEMAKER_TFS_DEFAULT_MODEL_NAME", source, _listed(models), first,
    )  # fmt: skip
    return first


def _extras(paths: Iterable[str], homes: Iterable[str]) -> dict[str, str]:
    """What lies beside the models, each as high up as it can be named; "" has no beside.

    Wrapper folders around everything are left out of the names: ``wrapped/code`` is ``code``.
    """
    homes = set(homes)
    way = {"/".join(home.split("/")[:n]) for home in homes for n in range(home.count("/") + 2)} | {""}
    beside: set[str] = set()
    for path in paths:
        parts = path.split("/")
        heads = ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        for head in heads:
            if head in homes or "" in homes:
                break
            if head not in way:
                beside.add(head)
                break
    if "" in homes:
        beside = {path.split("/")[0] for path in paths} - _SAVED_MODEL_PARTS
    top = _common(way - {""}, beside)
    return {path.removeprefix(top): path for path in sorted(beside)}


_SAVED_MODEL_PARTS = SAVED_MODEL_FILES | {
    "variables", "assets", "assets.extra", "fingerprint.pb", "keras_metadata.pb", "debug",
}  # fmt: skip


def _common(way: set[str], beside: set[str]) -> str:
    """The wrappers around everything, with a slash at the end; or ""."""
    top = ""
    everything = way | beside
    while True:
        below = {
            path[len(top) :].split("/")[0] for path in everything if path.startswith(top) and path != top[:-1]
        }
        if len(below) != 1:
            return top
        (only,) = below
        if f"{top}{only}" in beside:
            return top
        top = f"{top}{only}/"


def _place(path: str) -> str:
    return shown(path) if path else "its top folder"


def _listed(models: Iterable[str]) -> str:
    return ", ".join(sorted(models))
