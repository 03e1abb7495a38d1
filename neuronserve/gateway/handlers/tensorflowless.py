"""``tensorflow_serving.apis`` for a model's code, and a helpful word where TensorFlow itself is not there.

The workers have loaded TensorFlow Serving's messages without TensorFlow (``neuronserve/messages.py``). Here
they get their own names, so that ``from tensorflow_serving.apis import predict_pb2`` finds them, and does not
load TensorFlow where it is installed: that takes seconds and half a gigabyte. A plain ``import tensorflow``
gets the real one if there is one.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import Any

from neuronserve.modelserver import apis

ADVICE = (
    "TensorFlow is not in the workers' environment: bring it with code/requirements.txt (tensorflow-cpu), "
    "let input_handler return numpy arrays, or use make_tensor_proto and make_ndarray of neuronserve.handlers"
)


def offer() -> None:
    """After the model's folders were added: they may bring a TensorFlow."""
    sys.modules.update((name, module) for name, module in apis.modules().items() if name not in sys.modules)
    if "tensorflow" not in sys.modules and not _installed():
        sys.modules["tensorflow"] = _Absent("tensorflow", apis.package_path())


def _installed() -> bool:
    """A folder with nothing but message modules has no ``__init__.py``."""
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    return spec is not None and spec.origin is not None


class _Absent(types.ModuleType):
    """Its message modules can be imported; everything else says what to do."""

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name, ADVICE)
        self.__path__ = [folder]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"tensorflow.{name}: {ADVICE}")
