"""GetModelStatus, apart from the other calls: the supervisor asks it, and has no use for numpy."""

from __future__ import annotations

import dataclasses

from neuronserve.messages import get_model_status_pb2

RESOURCE_EXHAUSTED = 8  # a canonical code: there was no room for a model

# what a server says of a model that it was given and has not loaded: TensorFlow Serving's basic_manager.cc,
# and the embedded server before it has settled
_NOT_LOADED = ("Servable not found for request:", "The models are still being loaded")


def is_not_loaded(text: str) -> bool:
    """Whether this text of an error means that the server does not have the model, or not yet."""
    return text.startswith(_NOT_LOADED)


@dataclasses.dataclass(frozen=True)
class Version:
    """One version: ``state`` as in ModelVersionStatus.State; ``error``, and its ``code``: why it failed."""

    state: str
    error: str = ""
    code: int = 0


def request(model: str) -> bytes:
    message = get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = model
    return bytes(message.SerializeToString())


def response(body: bytes) -> dict[int, Version]:
    """What the server says of each version that it ever had."""
    message = get_model_status_pb2.GetModelStatusResponse.FromString(body)
    names = get_model_status_pb2.ModelVersionStatus.State
    return {
        int(v.version): Version(names.Name(v.state), v.status.error_message, int(v.status.error_code))
        for v in message.model_version_status
    }
