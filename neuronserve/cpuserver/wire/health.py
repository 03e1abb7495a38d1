"""``grpc.health.v1``: SERVING when every configured model serves.

Its two messages are one string and one enum, so that they are written here by their wire format
rather than bring in another package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import grpc

SERVING: Final = b"\x08\x01"
NOT_SERVING: Final = b"\x08\x02"
_POLL_SECONDS = 1.0
_KNOWN = (
    "",
    "PredictionService",  # so TensorFlow Serving names them (SetServingStatus in server.cc)
    "ModelService",
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
)


def handler(
    is_serving: Callable[[], bool], wait: Callable[[float], bool]
) -> grpc.GenericRpcHandler[Any, Any]:
    """Check and Watch. ``wait(seconds)`` returns True once the server stops."""

    def state() -> bytes:
        return SERVING if is_serving() else NOT_SERVING

    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        if _service(request) not in _KNOWN:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return state()

    def watch(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if _service(request) not in _KNOWN:
            yield b"\x08\x03"  # SERVICE_UNKNOWN; the stream stays open, as the protocol wants
        last = b""
        while context.is_active():
            now = state() if _service(request) in _KNOWN else last
            if now != last:
                yield now
                last = now
            if wait(_POLL_SECONDS):
                return

    return grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health",
        {
            "Check": grpc.unary_unary_rpc_method_handler(check),
            "Watch": grpc.unary_stream_rpc_method_handler(watch),
        },
    )


def _service(request: bytes) -> str:
    """``HealthCheckRequest.service``: field 1, a string shorter than 128 bytes, or absent."""
    if len(request) < 2 or request[0] != 0x0A:
        return ""
    return request[2 : 2 + request[1]].decode(errors="replace")
