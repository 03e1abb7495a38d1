"""A request to the runtime API read back into the parameters that its client gave, by botocore's model."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from neuronserve.deploy import shapes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SERVICE = "sagemaker-runtime"


@dataclasses.dataclass(frozen=True)
class Requested:
    """``params``: those of the API's members that travel in the address or in headers."""

    operation: str
    params: dict[str, Any]

    @classmethod
    def of(cls, operation: str, endpoint: str, environ: WSGIEnvironment) -> Requested:
        shape = shapes.operation_model(SERVICE, operation).input_shape
        params: dict[str, Any] = {"EndpointName": unquote(endpoint)}
        for name, member in getattr(shape, "members", {}).items():
            where = member.serialization
            if where.get("location") != "header":
                continue
            value = environ.get(_variable(where["name"]), "")
            if value:
                params[name] = _typed(value, member.type_name)
        params["Body"] = ""  # its length is checked when it is read
        return cls(operation, params)


def _variable(header: str) -> str:
    """WSGI's name for a header."""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _typed(value: str, kind: str) -> Any:
    """Numbers as numbers; what is none stays text, and is refused for its shape."""
    if kind == "integer":
        with contextlib.suppress(ValueError):
            return int(value)
    return value
