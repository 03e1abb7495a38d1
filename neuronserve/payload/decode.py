"""A request's body to named arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neuronserve.errors import UnsupportedMediaType
from neuronserve.payload import (
    cost,
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
_ARRAYS = (Kind.NPY, Kind.NPZ)  # a few bytes of which may stand for very many
UNPACKED = 1 << 30  # bytes an npz may unpack to, unless told otherwise


def decode(
    body: Body,
    content_type: str | MediaType | None,
    signatures: Signatures,
    *,
    method: str = "predict",
    signature_name: str | None = None,
    limit: int = UNPACKED,
    meter: cost.Meter = cost.nothing,
) -> Decoded:
    """The arrays (or examples) in ``body``, in the dtypes and shapes of the signature it is meant for.

    ``signature_name`` comes from the custom attributes; a JSON body may name it instead. ``limit`` bounds
    what an npz unpacks to, in bytes. ``meter``: told before each step what it may cost, and raises where that
    is too much. ``application/x-protobuf`` is not read here: its messages are gRPC's.

    UnsupportedMediaType, MalformedBody, InputMismatch, UnknownTarget, BodyTooLarge.
    """
    kind = content_type if isinstance(content_type, MediaType) else media.parse(content_type)
    if len(body) <= cost.FREE and kind.kind not in _ARRAYS:
        meter = cost.nothing
    if kind.kind in (Kind.JSON, Kind.LINES):
        return _json(body, kind, signatures, method, signature_name, meter)
    if method != "predict":
        raise UnsupportedMediaType(f"{method} takes JSON, not {kind.name}", hint='send {"examples": [{...}]}')
    signature = select(signatures, signature_name)
    arrays = _READERS[kind.kind](body, kind, signature, limit, meter)
    form = Form.ROW if kind.kind is Kind.CSV else Form.FREE
    return Decoded(signature, arrays, form, kind, shapes.rows(arrays))


def _json(
    body: Body, kind: MediaType, signatures: Signatures, method: str, asked: str | None, meter: cost.Meter
) -> Decoded:
    if method != "predict":
        meter(2 * cost.of_json(body) if meter is not cost.nothing else 0)  # messages are made of the values
        signature, found, context = examples.read(jsontext.documents(body), signatures, asked, method)
        return Decoded(signature, {}, Form.EXAMPLES, kind, len(found), found, context)
    result = jsonfast.read(body, signatures, asked, meter)
    if result is None:
        meter(cost.of_json(body) if meter is not cost.nothing else 0)
        result = jsonforms.read(jsontext.documents(body), signatures, asked)
    signature, form, arrays = result
    return Decoded(signature, arrays, form, kind, shapes.rows(arrays))


def _csv(body: Body, kind: MediaType, signature: Signature, _: int, meter: cost.Meter) -> Arrays:
    return csvbody.read(body, signature, header=csvbody.has_header(kind), meter=meter)


def _npy(body: Body, _kind: MediaType, signature: Signature, _: int, meter: cost.Meter) -> Arrays:
    return npybody.read_npy(body, signature, meter)


def _npz(body: Body, _: MediaType, signature: Signature, limit: int, meter: cost.Meter) -> Arrays:
    return npybody.read_npz(body, signature, limit, meter)


def _raw(body: Body, _kind: MediaType, signature: Signature, _: int, meter: cost.Meter) -> Arrays:
    meter(cost.RAW * len(body))
    return rawbody.read(body, signature)


def _protobuf(*_: object) -> Arrays:
    raise UnsupportedMediaType("a PredictRequest is read by the gateway, not here")


_READERS: dict[Kind, Callable[[Body, MediaType, Signature, int, cost.Meter], Arrays]] = {
    Kind.CSV: _csv,
    Kind.NPY: _npy,
    Kind.NPZ: _npz,
    Kind.RAW: _raw,
    Kind.PROTOBUF: _protobuf,
}
