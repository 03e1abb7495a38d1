"""A model's modules kept apart from those of other models: for multi-model endpoints.

Two models may each have a ``helper.py``. Each model's folder becomes a package of its own name, and an import
statement in one of its files that means a file beside it finds that one: Python looks for ``__import__``
among the builtins of the module that imports. What goes around import statements (a pickle that names a class
of ``helper``, ``importlib.import_module``) does not find them; ``code/lib`` and packages are all models'.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import itertools
import sys
import types
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

_numbers = itertools.count(1)


class Separate:
    """The modules of one model's folder."""

    def __init__(self, code: Path) -> None:
        self._code = code
        self.name = f"model_code_{next(_numbers)}"
        self._own: dict[str, bool] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}
        package = types.ModuleType(self.name)
        package.__path__ = [str(code)]
        sys.modules[self.name] = package
        sys.meta_path.insert(0, self)

    def load(self, name: str) -> types.ModuleType:
        """A module of the folder, by the name that its file has."""
        return importlib.import_module(f"{self.name}.{name}")

    def drop(self) -> None:
        """Forget its modules; what still runs keeps them as long as it needs them."""
        sys.meta_path.remove(self)
        for name in [n for n in sys.modules if n == self.name or n.startswith(f"{self.name}.")]:
            del sys.modules[name]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by Python's import for every module that is not loaded yet."""
        if not name.startswith(f"{self.name}."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._builtins)
        return spec

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002  the names are __import__'s
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        top = name.partition(".")[0]
        if level or not self._owns(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        whole = f"{self.name}.{name}"
        if fromlist:
            return builtins.__import__(whole, globals, locals, fromlist, 0)
        builtins.__import__(whole, globals, locals, (), 0)
        return sys.modules[f"{self.name}.{top}"]

    def _owns(self, top: str) -> bool:
        """Whether a name means something in the folder; a mere folder of data gives way to real packages."""
        found = self._own.get(top)
        if found is None:
            spec = PathFinder.find_spec(top, [str(self._code)])
            found = spec is not None and (spec.origin is not None or importlib.util.find_spec(top) is None)
            self._own[top] = found
        return found


class _Loader(SourceFileLoader):
    """Gives a module the builtins that its import statements look into."""

    def __init__(self, name: str, path: str, own: Mapping[str, Any]) -> None:
        super().__init__(name, path)
        self._own = own

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module)["__builtins__"] = dict(self._own)
        super().exec_module(module)
