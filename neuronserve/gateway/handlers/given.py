"""What a handler is given: the body as a stream, and the context."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from neuronserve.gateway.attributes import Route
from neuronserve.handlers import Context
from neuronserve.state import Model

_DEFAULT = "application/json"  # where the request has no Content-Type, or no Accept
Body = bytes | bytearray | memoryview


def stream(body: Body) -> io.BufferedIOBase:
    """Reads the body where it lies; a copy is made of what is read."""
    return io.BufferedReader(_Lying(memoryview(body)))


def context(
    route: Route,
    model: Model,
    server: Any,
    channel: Any,
    headers: Sequence[str | None],
    length: int,
    seconds: float,
) -> Context:
    """``headers``: custom attributes, Content-Type and Accept as they came; ``seconds``: left for it."""
    attributes, content_type, accept = headers
    version = str(route.version) if route.version is not None else None
    address = f"http://localhost:{server.rest_port}/v1/models/{model.name}"
    rest_uri = f"{address}{f'/versions/{version}' if version else ''}:{route.method}"
    return Context(
        model_name=model.name,
        model_version=version,
        method=route.method,
        rest_uri=rest_uri if server.rest_port else "",
        grpc_port=str(server.grpc_port or ""),
        channel=channel,
        custom_attributes=attributes,
        request_content_type=content_type or _DEFAULT,
        accept_header=accept or _DEFAULT,
        content_length=length,
        timeout=seconds,
        model_dir=model.model_dir,
    )


class _Lying(io.RawIOBase):
    """Bytes that lie in memory, as a file."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        piece = self._view[self._at : self._at + len(into)]
        into[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        rest = bytes(self._view[self._at :])
        self._at = len(self._view)
        return rest

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence]
        self._at = min(max(0, start + offset), len(self._view))
        return self._at

    def tell(self) -> int:
        return self._at
