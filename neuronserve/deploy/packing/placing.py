"""SavedModels of several trees, and what lies beside them -> where each is to lie in the archive."""

from __future__ import annotations

import dataclasses
import filecmp
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from neuronserve.deploy.models import Tree
from neuronserve.deploy.packing.given import HIGHEST, Given, legal
from neuronserve.errors import InvalidInput

NAMELESS = ""


@dataclasses.dataclass(frozen=True)
class Placed:
    """One SavedModel, or one thing beside them, and where it is to lie. ``within``: the tree it is from."""

    place: str
    source: Path
    within: Path


@dataclasses.dataclass(frozen=True)
class Version(Placed):
    """A SavedModel. ``name``: NAMELESS for the only model of an archive, when nobody named it."""

    name: str = NAMELESS
    version: int = 1


def versions(trees: Sequence[tuple[Given, Tree]], *, only: int | None = None) -> list[Version]:
    """All versions of all models, ordered, each at ``[NAME/]VERSION``.

    ``only``: --version, for a single SavedModel. Raises InvalidInput for two of one name and version.
    """
    found = [one for given, tree in trees for one in _of_tree(given, tree)]
    if only is not None:
        if any(given.version not in (None, only) for given, _ in trees):
            raise InvalidInput(f"--version {only}, and another after PATH:", hint="keep one of them")
        found = [_renumbered(found, only)]
    names = {one.name for one in found}
    if len(names) > 1 and NAMELESS in names:
        nameless = next(one for one in found if one.name == NAMELESS)
        raise InvalidInput(
            f"{nameless.source}: of several models each needs a name", hint=f"NAME={nameless.source}"
        )
    found.sort(key=lambda one: (one.name, one.version))
    for one, next_one in itertools.pairwise(found):
        if (one.name, one.version) == (next_one.name, next_one.version):
            of = f" of {one.name}" if one.name else ""
            raise InvalidInput(
                f"{one.source} and {next_one.source} are both version {one.version}{of}",
                hint="PATH:VERSION gives another version, NAME=PATH another name",
            )
    return found


def _of_tree(given: Given, tree: Tree) -> Iterator[Version]:
    if given.version is not None and len(tree.models) > 1:
        raise InvalidInput(
            f"{given.source} holds {len(tree.models)} SavedModels, and :{given.version} is one version",
            hint="name the folder of one of them",
        )
    if given.name and len({found.name for found in tree.models}) > 1:
        names = ", ".join(sorted({found.name or "one without a name" for found in tree.models}))
        raise InvalidInput(
            f"{given.source} holds several models, {names}: {given.name}= would be all of them"
        )
    for found in tree.models:
        name = given.name or (legal(found.name) if found.name else NAMELESS)
        version = found.version if given.version is None else given.version
        yield Version(_place(name, version), found.folder, tree.root, name, version)


def _renumbered(found: Sequence[Version], version: int) -> Version:
    if len(found) != 1:
        raise InvalidInput(
            f"--version {version}, and there are {len(found)} SavedModels",
            hint="give each its own: PATH:VERSION",
        )
    if not 0 <= version <= HIGHEST:
        raise InvalidInput(f"--version {version}: expected a whole number from 0 to {HIGHEST}")
    (one,) = found
    return dataclasses.replace(one, place=_place(one.name, version), version=version)


def _place(name: str, version: int) -> str:
    return f"{name}/{version}" if name else str(version)


def extras(
    trees: Sequence[tuple[Given, Tree]], names: Sequence[str], dropped: Callable[[str], bool]
) -> list[Placed]:
    """What lies beside the models, where it lay; ``names`` are the models', ``dropped`` are left out.

    Raises InvalidInput for two things of one name that are not the same, and for one that hides a model.
    """
    found: dict[str, Placed] = {}
    for _, tree in trees:
        for place, source in tree.extras.items():
            if dropped(place):
                continue
            one = found.setdefault(place, Placed(place, source, tree.root))
            if one.source != source and not _same(one.source, source):
                raise InvalidInput(
                    f"{one.source} and {source} would both be {place}",
                    hint=f"--leave-out {place}, or one of them",
                )
            if place in names or place.isdecimal():
                raise InvalidInput(f"{source} has the name of a model's folder", hint=f"--leave-out {place}")
    return sorted(found.values(), key=lambda one: one.place)


def _same(one: Path, other: Path) -> bool:
    """Whether two files, or two folders, are alike in all that is packed."""
    if one.is_dir() and other.is_dir():
        compared = filecmp.dircmp(one, other)
        if compared.left_only or compared.right_only or compared.funny_files or compared.common_funny:
            return False
        return all(_same(one / name, other / name) for name in compared.common)
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
