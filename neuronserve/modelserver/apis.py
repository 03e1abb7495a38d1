"""What the code that comes with a model may use of TensorFlow Serving: its modules, and open channels."""

from __future__ import annotations

import threading
import types

import grpc

from neuronserve import messages
from neuronserve.modelserver.client import OPTIONS, RECEIVED


def modules() -> dict[str, types.ModuleType]:
    """``tensorflow_serving.apis.predict_pb2`` and the like, loaded without TensorFlow."""
    return messages.serving_modules()


def package_path() -> str:
    """The folder that TensorFlow's own message modules lie in."""
    return str(messages.package_path())


class OpenChannels:
    """One channel to each server, for all threads of a worker; never made before a fork."""

    def __init__(self) -> None:
        self._open: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def to(self, target: str) -> grpc.Channel:
        found = self._open.get(target)
        if found is None:
            with self._lock:
                found = self._open.get(target)
                if found is None:
                    found = self._open[target] = grpc.insecure_channel(
                        target, options=(*OPTIONS, (RECEIVED, -1))
                    )
        return found
