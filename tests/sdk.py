"""The SageMaker Python SDK's serializers, without the rest of it and what that requires."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any


@functools.cache
def load() -> tuple[Any, Any]:
    """Its modules ``serializers`` and ``deserializers``, below packages that import nothing.

    Once in a process: the bare package cannot be looked for again.
    """
    found = importlib.util.find_spec("sagemaker")
    assert found, "sagemaker-core is not installed"
    top = Path(next(iter(found.submodule_search_locations or ())))
    for name, folder in (("sagemaker", top), ("sagemaker.core", top / "core")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return (
        importlib.import_module("sagemaker.core.serializers"),
        importlib.import_module("sagemaker.core.deserializers"),
    )
