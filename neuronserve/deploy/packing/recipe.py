"""What goes into each archive: from trees, code and recorded requests to lists of members."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from neuronserve.deploy.models import Tree
from neuronserve.deploy.packing import code, placing
from neuronserve.deploy.packing.code import Code
from neuronserve.deploy.packing.given import Given
from neuronserve.deploy.packing.placing import Placed, Version
from neuronserve.deploy.packing.walk import Member, Rules, members
from neuronserve.errors import InvalidInput

GOLDEN = "golden.jsonl"  # where `serve` looks for them: readiness/__init__.py
WARM_UP = "assets.extra/tf_serving_warmup_requests"  # below a version: modelserver/warmuplog.py
EVERY = ""  # the key for all models

Value = TypeVar("Value")
Trees = Sequence[tuple[Given, Tree]]


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is to be put beside the SavedModels; mappings are by model, or EVERY.

    ``version``: --version. ``multi_model``: one archive for each model, as a multi-model endpoint has them.
    """

    version: int | None = None
    code: Mapping[str, Code] = dataclasses.field(default_factory=dict)
    golden: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    warm_up: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    multi_model: bool = False
    rules: Rules = dataclasses.field(default_factory=Rules)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One archive. ``name``: the model's, for an archive of a multi-model endpoint; else ""."""

    name: str
    versions: tuple[Version, ...]
    members: tuple[Member, ...]
    warnings: tuple[str, ...]


def recipes(trees: Trees, wish: Wish) -> list[Recipe]:
    """The archives, ordered by name. Raises InvalidInput."""
    versions = placing.versions(trees, only=wish.version)
    names = {version.name for version in versions}
    for option, keys in (("--code", wish.code), ("--golden", wish.golden), ("--warm-up", wish.warm_up)):
        for key in keys:
            if key != EVERY and key not in names:
                known = ", ".join(sorted(name or "one without a name" for name in names))
                raise InvalidInput(f"{option} {key}=: there is no model {key}", hint=f"models: {known}")
    if not wish.multi_model:
        return [_recipe(EVERY, versions, trees, wish)]
    if placing.NAMELESS in names:
        raise InvalidInput("each model of a multi-model endpoint needs a name", hint="NAME=PATH")
    groups = itertools.groupby(versions, key=lambda version: version.name)
    return [_recipe(name, list(group), _of(name, trees), wish) for name, group in groups]


def _of(name: str, trees: Trees) -> Trees:
    """The trees that a model came from."""
    return [(given, tree) for given, tree in trees if name in {given.name, *(m.name for m in tree.models)}]


def _recipe(name: str, versions: Sequence[Version], trees: Trees, wish: Wish) -> Recipe:
    if name:  # alone in its archive, where its name is the archive's
        versions = [dataclasses.replace(one, place=str(one.version)) for one in versions]
    dropped = _dropped(name, wish)
    beside = placing.extras(trees, [one.name for one in versions if not name], dropped)
    if name:  # what lies in the model's own folder, and not what lies in those of others
        others = {other.name for _, tree in trees for other in tree.models} - {name}
        own = [dataclasses.replace(one, place=one.place.removeprefix(f"{name}/")) for one in beside]
        beside = [one for one in own if one.place.partition("/")[0] not in others]
    # what lies in a SavedModel's own folder and is no part of it is packed beside it, or not at all
    apart = frozenset(path.resolve() for _, tree in trees for path in tree.extras.values())
    found: dict[str, Member] = {}
    for version in versions:
        found.update(_version(version, apart, wish))
    came, extras = _extras(beside, wish)
    handlers = code.packed(_chosen(wish.code, name) or Code(), came, wish.rules)
    found.update({member.path: member for member in (*extras, *handlers)})
    if golden := _chosen(wish.golden, name):
        found[GOLDEN] = Member(GOLDEN, _file(golden, "--golden"))
    return Recipe(
        name, tuple(versions), tuple(found[path] for path in sorted(found)), tuple(code.checked(handlers))
    )


def _dropped(name: str, wish: Wish) -> Callable[[str], bool]:
    """What of that which came along is left out, or replaced."""
    chosen = _chosen(wish.code, name)
    replaced = {
        *([code.FOLDER] if chosen and chosen.path else []),
        *([GOLDEN] if _chosen(wish.golden, name) else []),
    }
    return lambda place: place in replaced or wish.rules.leaves_out(place)


def _version(version: Version, apart: frozenset[Path], wish: Wish) -> dict[str, Member]:
    rules = dataclasses.replace(wish.rules, not_these=wish.rules.not_these | apart)
    below = members(version.source, version.place, within=version.within, rules=rules)
    found = {member.path: member for member in below}
    if warm_up := _chosen(wish.warm_up, version.name):
        path = f"{version.place}/{WARM_UP}"
        found[path] = Member(path, _tfrecord(_file(warm_up, "--warm-up")))
    return found


def _extras(beside: Sequence[Placed], wish: Wish) -> tuple[list[Member], list[Member]]:
    """What came along: below ``code/``, and all else."""
    came = [
        member
        for one in beside
        for member in members(one.source, one.place, within=one.within, rules=wish.rules)
    ]
    own = [member for member in came if member.path.startswith(f"{code.FOLDER}/")]
    return own, [member for member in came if not member.path.startswith(f"{code.FOLDER}/")]


def _chosen(by_model: Mapping[str, Value], name: str) -> Value | None:
    return by_model.get(name) or by_model.get(EVERY)


def _file(path: Path, option: str) -> Path:
    if not path.is_file():
        raise InvalidInput(f"{option} {path}: no such file")
    return path.resolve()


def _tfrecord(path: Path) -> Path:
    with path.open("rb") as file:
        head = file.read(12)
    if head.lstrip()[:1] in (b"{", b"#"):
        raise InvalidInput(
            f"--warm-up {path}: JSON lines, and TensorFlow Serving replays a TFRecord file of PredictionLogs",
            hint="--golden takes them: lines without an answer only warm up",
        )
    return path
