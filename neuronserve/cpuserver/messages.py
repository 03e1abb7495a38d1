"""The protobuf messages of TensorFlow and TF Serving, without TensorFlow.

Their modules live in the ``tensorflow`` package, whose ``__init__`` loads all of TensorFlow and
Keras: seconds and 500 MB. A bare package object with the same path takes its place, so that
``tensorflow.core.*_pb2`` is found and nothing else runs.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path


def package_path() -> Path:
    """The folder of the installed ``tensorflow`` package, which is not imported.

    Raises ModuleNotFoundError with what to install when there is none.
    """
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "TensorFlow is not installed; the embedded model server needs requirements/cpuserver.txt",
            name="tensorflow",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _bare(name: str, folder: Path) -> None:
    """Put a package that runs nothing into ``sys.modules``, unless the real one is there already."""
    if name in sys.modules:
        return
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    module = importlib.util.module_from_spec(spec)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _prepare() -> set[str]:
    """The modules there were before."""
    before, root = set(sys.modules), package_path()
    for name in (
        "tensorflow",
        "tensorflow.core",
        "tensorflow.core.framework",
        "tensorflow.core.protobuf",
        "tensorflow.core.example",
    ):
        _bare(name, root.joinpath(*name.split(".")[1:]))
    return before


def _leave(before: set[str]) -> None:
    """Take the bare packages away again: a real ``import tensorflow`` later finds nothing in its way."""
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("tensorflow", "tensorflow_serving"):
            del sys.modules[name]


_before = _prepare()  # must come before the imports below, which is why this module does work when imported

from tensorflow.core.example import example_pb2, feature_pb2  # noqa: E402  see _prepare
from tensorflow.core.framework import (  # noqa: E402
    attr_value_pb2,
    function_pb2,
    graph_pb2,
    node_def_pb2,
    tensor_pb2,
    tensor_shape_pb2,
    types_pb2,
)
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, saved_model_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2, platform_config_pb2  # noqa: E402

_leave(_before)

__all__ = [
    "attr_value_pb2",
    "classification_pb2",
    "config_pb2",
    "example_pb2",
    "feature_pb2",
    "function_pb2",
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "graph_pb2",
    "inference_pb2",
    "input_pb2",
    "meta_graph_pb2",
    "model_management_pb2",
    "model_pb2",
    "model_server_config_pb2",
    "node_def_pb2",
    "platform_config_pb2",
    "predict_pb2",
    "prediction_log_pb2",
    "regression_pb2",
    "saved_model_pb2",
    "tensor_pb2",
    "tensor_shape_pb2",
    "types_pb2",
]
