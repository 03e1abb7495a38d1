"""The protobuf messages of TensorFlow and TensorFlow Serving, without TensorFlow.

``from neuronserve.messages import predict_pb2``: each module is loaded when it is first asked for.

TensorFlow Serving's modules import ``tensorflow.core...``, and a plain import of those runs
``tensorflow/__init__.py``: 3 seconds and 546 MB in every worker. Only the generated message modules
are needed, so they are loaded while a bare package of the same name stands in for ``tensorflow``;
afterwards all that was loaded below it leaves ``sys.modules``, so that a later, real ``import
tensorflow`` in the same process finds nothing in its way (protobuf hands out the same classes again,
because they belong to its descriptor pool). Where ``tensorflow`` was imported already, its own modules
are used.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuronserve.errors import NeuronserveError

_FOLDERS = {
    "tensorflow.core.example": ("example_pb2",),
    "tensorflow.core.framework": (
        "attr_value_pb2", "function_pb2", "graph_pb2", "node_def_pb2", "tensor_pb2", "types_pb2",
    ),
    "tensorflow.core.protobuf": ("config_pb2", "meta_graph_pb2", "saved_model_pb2"),
    "tensorflow_serving.apis": (
        "classification_pb2", "get_model_metadata_pb2", "get_model_status_pb2", "inference_pb2", "input_pb2",
        "model_management_pb2", "model_pb2", "predict_pb2", "prediction_log_pb2", "regression_pb2",
    ),
    "tensorflow_serving.config": ("model_server_config_pb2", "platform_config_pb2"),
}  # fmt: skip
_PATHS = {name: f"{folder}.{name}" for folder, names in _FOLDERS.items() for name in names}

_TOPS = ("tensorflow", "tensorflow_serving")
_SERVICES = ("prediction_service_pb2_grpc", "model_service_pb2_grpc")  # what calls a model server

_loading = threading.RLock()
_hidden: dict[str, types.ModuleType] = {}  # what was loaded so far, and is not in sys.modules


def package_path() -> Path:
    """The folder of the installed ``tensorflow`` package, or of its message modules alone; not imported."""
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None or not spec.submodule_search_locations:
        raise NeuronserveError(
            "TensorFlow's message modules are not installed",
            hint="install tensorflow-cpu, or put the folder the image's build makes on the path",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def from_text(text: str, message: Any) -> Any:
    """``text_format.Parse``. Its warnings, of escapes that Python will refuse one day, help nobody here."""
    from google.protobuf import text_format

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return text_format.Parse(text, message)


def __getattr__(name: str) -> Any:
    if name not in _PATHS:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    with _loading, _bare_tensorflow():
        module = importlib.import_module(_PATHS[name])
    globals()[name] = module  # found there from now on
    return module


def serving_modules() -> dict[str, types.ModuleType]:
    """TensorFlow Serving's modules by their own names, for code that imports them as they are."""
    with _loading, _bare_tensorflow():
        for name in (*_FOLDERS["tensorflow_serving.apis"], *_SERVICES):
            importlib.import_module(f"tensorflow_serving.apis.{name}")
        return {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "tensorflow_serving"}


@contextmanager
def _bare_tensorflow() -> Iterator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    present = [m for m in sys.modules if m.partition(".")[0] in _TOPS]
    if not _hidden:
        bare = types.ModuleType("tensorflow")
        bare.__path__ = [str(package_path())]
        _hidden["tensorflow"] = bare
    sys.modules.update((name, module) for name, module in _hidden.items() if name not in present)
    try:
        yield
    finally:
        for name in [m for m in sys.modules if m.partition(".")[0] in _TOPS and m not in present]:
            _hidden[name] = sys.modules.pop(name)
