"""A model's own code in tests: written to a folder, and forgotten by this process after the test."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_OFFERED = ("tensorflow", "tensorflow_serving", "model_code_")


def write(folder: Path, **files: str) -> Path:
    """``lib__x`` is lib/x.py; the folder."""
    for dotted, text in files.items():
        file = folder / f"{dotted.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@contextlib.contextmanager
def put_back(folder: Path) -> Iterator[None]:
    """Loading a model's code changes the process. What the service itself has loaded meanwhile stays."""
    path, finders, modules, environ = list(sys.path), list(sys.meta_path), dict(sys.modules), dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(environ)
    sys.path[:], sys.meta_path[:] = path, finders
    for name, module in list(sys.modules.items()):
        if name not in modules and (name.startswith(_OFFERED) or _below(module, folder)):
            del sys.modules[name]
    sys.modules.update(modules)  # those that were replaced
    importlib.invalidate_caches()


def _below(module: object, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).is_relative_to(folder)
