"""TensorFlow Serving's message classes without TensorFlow.

``tensorflow_serving.apis`` imports ``tensorflow.core...`` modules, and a plain import of those runs
``tensorflow/__init__.py``: 3 seconds and 546 MB in every worker. Only the generated message modules
are needed, so they are loaded while a bare package of the same name stands in for ``tensorflow``;
afterwards the stand-in and what was loaded below it leave ``sys.modules``, so that a later, real
``import tensorflow`` in the same process finds nothing in its way (protobuf hands out the same
classes again, because they belong to its descriptor pool).

Where ``tensorflow`` was imported already, its own modules are used.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neuronserve.errors import NeuronserveError

_ROOTS = ("tensorflow", "tensorflow_serving")


def _below(module: str) -> bool:
    return module.partition(".")[0] in _ROOTS


@contextmanager
def _bare_tensorflow() -> Iterator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise NeuronserveError(
            "TensorFlow's message modules are not installed",
            hint="install tensorflow-cpu, or put the folder the image's build makes on the path",
        )
    before = set(sys.modules)
    bare = types.ModuleType("tensorflow")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = bare
    try:
        yield
    finally:
        for name in [m for m in sys.modules if _below(m) and m not in before]:
            del sys.modules[name]


def _load() -> tuple[Any, ...]:
    names = (
        "tensorflow_serving.apis.classification_pb2",
        "tensorflow_serving.apis.get_model_metadata_pb2",
        "tensorflow_serving.apis.get_model_status_pb2",
        "tensorflow_serving.apis.input_pb2",
        "tensorflow_serving.apis.predict_pb2",
        "tensorflow_serving.apis.regression_pb2",
        "tensorflow_serving.config.model_server_config_pb2",
        "tensorflow_serving.config.file_system_storage_path_source_pb2",
        "tensorflow.core.framework.tensor_pb2",
        "tensorflow.core.framework.types_pb2",
        "tensorflow.core.example.example_pb2",
    )
    with _bare_tensorflow():
        return tuple(importlib.import_module(name) for name in names)


(
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    input_pb2,
    predict_pb2,
    regression_pb2,
    model_server_config_pb2,
    storage_path_pb2,
    tensor_pb2,
    types_pb2,
    example_pb2,
) = _load()
