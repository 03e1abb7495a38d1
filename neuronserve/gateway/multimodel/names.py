"""The names that models have on a multi-model endpoint, in addresses and in bodies."""

from __future__ import annotations

import re

from neuronserve.errors import RequestError, UnknownTarget

LONGEST = 255
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_SHOWN = 80  # characters of a name that is none
_BEFORE, _AFTER = "/models/", "/invoke"


def checked(name: object) -> str:
    """The name. Raises RequestError for what could be none: it becomes a folder, and a part of addresses."""
    if isinstance(name, str) and _NAME.fullmatch(name) and ".." not in name:
        return name
    said = repr(name[:_SHOWN]) if isinstance(name, str) else f"of type {_KINDS.get(type(name), 'object')}"
    raise RequestError(
        f"a model's name cannot be {said}",
        hint=f"up to {LONGEST} letters, digits, _ . and -; not . or - first, nor two dots in a row",
    )


def invoked(path: str) -> str | None:
    """What stands for the model in the path ``/models/NAME/invoke``; None for other paths.

    ``path`` is decoded, once. Whatever stands there counts, slashes too: ``checked`` refuses them.
    """
    if not (path.startswith(_BEFORE) and path.endswith(_AFTER)):
        return None
    return path[len(_BEFORE) : -len(_AFTER)] or None


def not_loaded(name: str) -> UnknownTarget:
    return UnknownTarget(f"Model {name} is not loaded yet.")


_KINDS = {bool: "boolean", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}
