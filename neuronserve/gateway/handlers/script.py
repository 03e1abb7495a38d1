"""``inference.py``: loaded, and what it defines."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

NAME = "inference"
_PAIR = ("input_handler", "output_handler")

Function = Callable[..., Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Script:
    """``whole``: ``handler``, which wins as in AWS's container; else the pair is ``before`` and ``after``."""

    whole: Function | None = None
    before: Function | None = None
    after: Function | None = None

    def __str__(self) -> str:
        return "handler" if self.whole else " and ".join(_PAIR)


class Unusable(Exception):
    """The script was loaded, and defines nothing that can be called."""


def load(code: Path) -> types.ModuleType:
    """The module, by its plain name: for the one model of an endpoint. Raises what the script raises."""
    spec = spec_from_file_location(NAME, code / f"{NAME}.py")
    assert spec is not None  # noqa: S101  a .py file has a loader
    assert spec.loader is not None  # noqa: S101
    module = module_from_spec(spec)
    sys.modules[NAME] = module  # dataclasses, pickles and its own modules look there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[NAME]
        raise
    return module


def chosen(module: types.ModuleType) -> Script:
    """What a request is handled by. Raises Unusable."""
    whole = _callable(module, "handler")
    if whole is not None:
        return Script(whole)
    before, after = (_callable(module, name) for name in _PAIR)
    if before is None or after is None:
        missing = "input_handler" if after else "output_handler" if before else ""
        beside = f"; it has {_PAIR[1 - _PAIR.index(missing)]}, but no {missing}" if missing else ""
        raise Unusable(f"code/{NAME}.py defines neither handler nor both of {' and '.join(_PAIR)}{beside}")
    return Script(None, before, after)


def _callable(module: types.ModuleType, name: str) -> Function | None:
    found = getattr(module, name, None)
    if found is not None and not callable(found):
        raise Unusable(f"{name} in code/{NAME}.py is no function, but {type(found).__name__}")
    return found
