"""Where a member belongs that its object lacks, by botocore's model: the nearest spelling may be wrong.

``valueFrom`` under ``environment`` is near ``value``, which would put a secret's ARN into a variable as text;
it is a member of ``secrets``. So a name that the request has at another place is looked for there first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from botocore.model import ListShape, OperationModel, Shape, StructureShape

_DEEPEST = 8
_COMMON = 4  # places: a name that is everywhere, such as ``name``, says nothing about where it belongs
_SURE = 0.88  # similarity of a slip of the pen

# (where, the member) -> what to do, where the name alone does not decide. Source: ECS's API reference.
_MEANT = {
    ("environment[]", "valuefrom"): "move it to secrets, which take valueFrom: environment has plain values",
    ("secrets[]", "value"): "write the ARN or name that it is read from as valueFrom; a plain "
    "value belongs to environment",
    ("secretOptions[]", "value"): "write the ARN or name that it is read from as valueFrom; a "
    "plain value belongs to options",
    ("environmentFiles[]", "valuefrom"): "write value: the ARN of an S3 object",
    ("environmentFiles[]", "name"): "a file has value, the ARN of an S3 object, and type, which is s3; "
    "a single variable belongs to environment",
    ("", "name"): "write family",
    ("containerDefinitions[]", "env"): "write environment",
    ("containerDefinitions[]", "args"): "write command",
    ("containerDefinitions[]", "ports"): "write portMappings",
    ("containerDefinitions[]", "gpu"): 'write resourceRequirements: [{"type": "GPU", "value": "1"}]',
    ("", "launchtype"): "write requiresCompatibilities, a list; launchType belongs to a service or a run",
    ("healthCheck", "test"): "write command",
    ("dependsOn[]", "name"): "write containerName",
    ("tags[]", "name"): "write key",
    ("devices[]", "path"): "write hostPath, and containerPath where it differs",
    ("mountPoints[]", "name"): "write sourceVolume, the name of one of volumes",
}  # fmt: skip


def advice(
    model: OperationModel, pointer: str, known: list[str], others: tuple[OperationModel, ...] = ()
) -> str:
    """What to do about the unknown member at ``pointer``, whose object has the members ``known``.

    ``others``: operations whose requests may have been meant, such as CreateService.
    """
    *above, name = pointer.split("/")
    name = name.replace("~1", "/").replace("~0", "~")
    here = _generic("/".join(above))
    plain = _plain(name)
    if same := next((one for one in known if one.lower() == name.lower()), None):
        return f"write {same}: upper and lower case matter"
    if same := next((one for one in known if _plain(one) == plain), None):
        return f"write {same}"
    last = here.rpartition(".")[2]
    if name.startswith(("awslogs-", "splunk-", "fluentd-")) and "options" in known:
        return "it belongs elsewhere: logConfiguration.options"
    if meant := _MEANT.get((last, plain)):
        return meant
    if near := next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_SURE)), None):
        return f"did you mean {near}?"
    if place := _elsewhere(model, here, plain):
        return place
    for other in others:
        if plain in {_plain(one) for one in (other.input_shape.members if other.input_shape else ())}:
            return f"it belongs to {other.name}, not here"
    if near := next(iter(difflib.get_close_matches(name, known, n=1)), None):
        return f"did you mean {near}?"
    return f"remove it; known here: {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}"


def _elsewhere(model: OperationModel, here: str, plain: str) -> str:
    """In words, the place of the request that has such a member and is nearest to ``here``; else empty."""
    found = [(place, name) for place, name in _places(model).get(plain, ()) if place != here]
    if not found or (len(found) > _COMMON and not any(_related(here, place) for place, _ in found)):
        return ""
    place, name = min(
        found, key=lambda one: (not _related(here, one[0]), _distance(here, one[0]), len(one[0]))
    )
    if len(found) > _COMMON and not _related(here, place):
        return ""
    where = f"{place}.{name}" if place else f"{name}, beside {_top(model)}"
    return f"it belongs elsewhere: {where}"


def _related(here: str, place: str) -> bool:
    """One lies within the other, or both are parts of one object."""
    if place == "" or here == "":
        return place == "" or "." not in place or here == ""
    return (
        place.startswith(f"{here}.") or here.startswith(f"{place}.") or _parent(here) == _parent(place) != ""
    )


def _parent(place: str) -> str:
    return place.rpartition(".")[0]


def _distance(here: str, place: str) -> int:
    """Steps from one to the other through the tree."""
    one, other = (text.split(".") if text else [] for text in (here, place))
    common = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        common += 1
    return len(one) + len(other) - 2 * common


def _top(model: OperationModel) -> str:
    required = list(model.input_shape.required_members) if model.input_shape else []
    return required[-1] if required else "the request's own members"


def _generic(pointer: str) -> str:
    """``/containerDefinitions/0/secrets/1`` -> ``containerDefinitions[].secrets[]``."""
    return re.sub(r"/\d+(?=/|$)", "[]", pointer).lstrip("/").replace("/", ".")


def _plain(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower()


def _places(model: OperationModel) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for place, name in _members(model.input_shape, "", ()):
        found.setdefault(_plain(name), []).append((place, name))
    return found


def _members(shape: Shape | None, place: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(shape, ListShape):
        yield from _members(shape.member, f"{place}[]", above)
    elif isinstance(shape, StructureShape) and shape.name not in above and len(above) < _DEEPEST:
        for name, inner in shape.members.items():
            yield place, name
            yield from _members(inner, f"{place}.{name}" if place else name, (*above, shape.name))
