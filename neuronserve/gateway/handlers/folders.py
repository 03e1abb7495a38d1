"""The folders that a model's code imports from: ``code/lib`` first, then ``code``, then its packages.

As any program's own they come before everything else, except for the packages of ``requirements.txt``: these
come before the service's own packages, and after Python's library.
"""

from __future__ import annotations

import importlib
import os
import site
import sys
from pathlib import Path

LIB = "lib"
_OURS = ("predictor", "wsgi")  # top modules of the service, loaded already; a model may have its own


def add_code(code: Path) -> None:
    """``code`` and ``code/lib``: for the one model of an endpoint."""
    sys.path.insert(0, str(code))
    add_lib(code)
    for name in _OURS:
        if any((folder / f"{name}.py").exists() or (folder / name).is_dir() for folder in (code, code / LIB)):
            sys.modules.pop(name, None)


def add_lib(code: Path) -> None:
    """``code/lib``, where there is one."""
    lib = code / LIB
    if lib.is_dir() and str(lib) not in sys.path:
        sys.path.insert(0, str(lib))
    importlib.invalidate_caches()


def add_packages(packages: str) -> None:
    """What was installed for a model, and what all models share; ``.pth`` files in them are read."""
    new = [folder for folder in packages.split(os.pathsep) if folder and folder not in sys.path]
    if not new:
        return
    before = list(sys.path)
    for folder in new:
        site.addsitedir(folder)
    added = [path for path in sys.path if path not in before]
    ours = next((i for i, path in enumerate(before) if path.endswith("-packages")), len(before))
    sys.path[:] = [*before[:ours], *added, *before[ours:]]
    importlib.invalidate_caches()


def drop_lib(code: Path) -> None:
    """Of a model that is gone; its modules are forgotten."""
    lib = code / LIB
    if str(lib) in sys.path:
        sys.path.remove(str(lib))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and Path(file).is_relative_to(lib):
            del sys.modules[name]


def shadowed(code: Path) -> list[str]:
    """Names of Python's own library that files in the folder take away from everybody else."""
    names = {path.stem for path in code.glob("*.py")} | {
        path.parent.name for path in code.glob("*/__init__.py")
    }
    return sorted(names & sys.stdlib_module_names)
