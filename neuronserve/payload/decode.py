"""A request's body to named arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neuronserve.errors import UnsupportedMediaType
from neuronserve.payload import (
    csvbody,
    examples,
    jsonfast,
    jsonforms,
    jsontext,
    media,
    npybody,
    rawbody,
    shapes,
)
from neuronserve.payload.decoded import Decoded, Form
from neuronserve.payload.media import Kind, MediaType
from neuronserve.payload.signature import Signature, Signatures, select

Body = bytes | bytearray | memoryview
Arrays = dict[str, np.ndarray[Any, Any]]
UNPACKED = 1 << 30  # bytes an npz may unpack to, unless told otherwise


def decode(
    body: Body,
    content_type: str | MediaType | None,
    signatures: Signatures,
    *,
    method: str = "predict",
    signature_name: str | None = None,
    limit: int = UNPACKED,
) -> Decoded:
    """The arrays (or examples) in ``body``, in the dtypes and shapes of the signature it is meant for.

    ``signature_name`` comes from the custom attributes; a JSON body may name it instead. ``limit`` bounds
    what an npz unpacks to, in bytes. ``application/x-protobuf`` is not read here: its messages are gRPC's.

    UnsupportedMediaType, MalformedBody, InputMismatch, UnknownTarget, BodyTooLarge.
    """
    kind = content_type if isinstance(content_type, MediaType) else media.parse(content_type)
    if kind.kind in (Kind.JSON, Kind.LINES):
        return _json(body, kind, signatures, method, signature_name)
    if method != "predict":
        raise UnsupportedMediaType(f"{method} takes JSON, not {kind.name}", hint='send {"examples": [{...}]}')
    signature = select(signatures, signature_name)
    arrays = _READERS[kind.kind](body, kind, signature, limit)
    form = Form.ROW if kind.kind is Kind.CSV else Form.FREE
    return Decoded(signature, arrays, form, kind, shapes.rows(arrays))


def _json(body: Body, kind: MediaType, signatures: Signatures, method: str, asked: str | None) -> Decoded:
    if method != "predict":
        signature, found, context = examples.read(jsontext.documents(body), signatures, asked, method)
        return Decoded(signature, {}, Form.EXAMPLES, kind, len(found), found, context)
    result = jsonfast.read(body, signatures, asked)
    if result is None:
        result = jsonforms.read(jsontext.documents(body), signatures, asked)
    signature, form, arrays = result
    return Decoded(signature, arrays, form, kind, shapes.rows(arrays))


def _protobuf(*_: object) -> Arrays:
    raise UnsupportedMediaType("a PredictRequest is read by the gateway, not here")


_READERS: dict[Kind, Callable[[Body, MediaType, Signature, int], Arrays]] = {
    Kind.CSV: lambda body, kind, signature, _: csvbody.read(body, signature, header=csvbody.has_header(kind)),
    Kind.NPY: lambda body, _kind, signature, _: npybody.read_npy(body, signature),
    Kind.NPZ: lambda body, _kind, signature, limit: npybody.read_npz(body, signature, limit),
    Kind.RAW: lambda body, _kind, signature, _: rawbody.read(body, signature),
    Kind.PROTOBUF: _protobuf,
}
