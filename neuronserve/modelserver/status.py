"""GetModelStatus, apart from the other calls: the supervisor asks it, and has no use for numpy."""

from __future__ import annotations

from neuronserve.messages import get_model_status_pb2


def request(model: str) -> bytes:
    message = get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = model
    return bytes(message.SerializeToString())


def response(body: bytes) -> dict[int, tuple[str, str]]:
    """``version -> (state's name, error text)``, states as in ModelVersionStatus.State."""
    message = get_model_status_pb2.GetModelStatusResponse.FromString(body)
    names = get_model_status_pb2.ModelVersionStatus.State
    return {
        int(v.version): (names.Name(v.state), v.status.error_message) for v in message.model_version_status
    }
