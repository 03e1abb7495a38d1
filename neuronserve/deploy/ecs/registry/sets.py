"""The lists of a task definition whose order means nothing, and what tells their items apart.

All other lists keep their order, because it means something or may: command, entryPoint, environmentFiles,
dnsServers, links, volumesFrom, mount options.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

Where = tuple[str, ...]  # the members on the way to a value; steps into lists leave no mark
_CONTAINER: Final = ("containerDefinitions",)
_LINUX: Final = (*_CONTAINER, "linuxParameters")

# List -> the members that name an item; none: the items are plain values.
_SETS: Final[Mapping[Where, tuple[str, ...]]] = {
    ("placementConstraints",): ("type", "expression"),
    ("requiresCompatibilities",): (),
    ("volumes",): ("name",),
    ("tags",): ("key",),
    ("inferenceAccelerators",): ("deviceName",),
    ("proxyConfiguration", "properties"): ("name",),
    _CONTAINER: ("name",),
    (*_CONTAINER, "environment"): ("name",),
    (*_CONTAINER, "secrets"): ("name",),
    (*_CONTAINER, "logConfiguration", "secretOptions"): ("name",),
    (*_CONTAINER, "portMappings"): ("containerPort", "containerPortRange", "protocol"),
    (*_CONTAINER, "mountPoints"): ("containerPath",),
    (*_CONTAINER, "ulimits"): ("name",),
    (*_CONTAINER, "dependsOn"): ("containerName",),
    (*_CONTAINER, "systemControls"): ("namespace",),
    (*_CONTAINER, "extraHosts"): ("hostname",),
    (*_CONTAINER, "resourceRequirements"): ("type",),
    (*_CONTAINER, "dockerSecurityOptions"): (),
    (*_CONTAINER, "restartPolicy", "ignoredExitCodes"): (),
    (*_LINUX, "devices"): ("hostPath",),
    (*_LINUX, "devices", "permissions"): (),
    (*_LINUX, "capabilities", "add"): (),
    (*_LINUX, "capabilities", "drop"): (),
    (*_LINUX, "tmpfs"): ("containerPath",),
}

# Where a name that is there twice is allowed and the later one wins: these keep the order among themselves.
_LAST_WINS: Final = {
    (*_CONTAINER, "environment"),
    (*_CONTAINER, "systemControls"),
    (*_CONTAINER, "ulimits"),
}

# Items of a name and one value: named, the value is all that is left.
_PAIRS: Final[Mapping[Where, str]] = {
    (*_CONTAINER, "environment"): "value",
    (*_CONTAINER, "systemControls"): "value",
    (*_CONTAINER, "secrets"): "valueFrom",
    (*_CONTAINER, "logConfiguration", "secretOptions"): "valueFrom",
    ("proxyConfiguration", "properties"): "value",
    ("tags",): "value",
}


def ordered(value: Any, where: Where = ()) -> Any:
    """``value`` with its sets sorted, at all depths."""
    if isinstance(value, dict):
        return {key: ordered(member, (*where, key)) for key, member in value.items()}
    if not isinstance(value, list):
        return value
    items = [ordered(item, where) for item in value]
    if where not in _SETS:
        return items
    if where in _LAST_WINS:
        return sorted(items, key=lambda item: _name(item, where))
    return sorted(items, key=lambda item: (_name(item, where), _text(item)))


def named(value: Any, where: Where = ()) -> Any:
    """``value`` with each set as an object by its items' names: what people point at.

    A name that is there again gets ``#2``, ``#3``, ...
    """
    if isinstance(value, dict):
        return {key: named(member, (*where, key)) for key, member in value.items()}
    if not isinstance(value, list) or where not in _SETS:
        return value
    found: dict[str, Any] = {}
    for item in value:
        base = name = _name(item, where)
        count = 1
        while name in found:
            count += 1
            name = f"{base}#{count}"
        found[name] = _content(item, where)
    return found


def _content(item: Any, where: Where) -> Any:
    """What is left of an item when its name is said."""
    value = _PAIRS.get(where)
    if value and isinstance(item, dict) and set(item) == {*_SETS[where], value}:
        return item[value]
    return named(item, where)


def _name(item: Any, where: Where) -> str:
    members = _SETS[where]
    if not members or not isinstance(item, dict):
        return item if isinstance(item, str) else _text(item)
    parts = [item[member] for member in members if member in item]
    return "/".join(part if isinstance(part, str) else _text(part) for part in parts)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
