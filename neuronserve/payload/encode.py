"""Named arrays to an answer's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuronserve.errors import NotAcceptable
from neuronserve.payload import csvanswer, jsonanswer, npyanswer
from neuronserve.payload.decoded import Form
from neuronserve.payload.media import Kind, MediaType
from neuronserve.payload.signature import Signature

Array = np.ndarray[Any, Any]
Answer = tuple[bytes, str]


def encode(arrays: Mapping[str, Array], media: MediaType, form: Form, signature: Signature) -> Answer:
    """The body and its Content-Type, for the outputs of a predict request.

    The type has no parameters: SageMaker's SDK takes ``text/csv`` and not ``text/csv; charset=utf-8``.
    ``media`` comes from ``accept.choose``. JSON takes TF Serving's forms: ``predictions`` (row) or
    ``outputs`` (column). JSON lines is that on one line, as SageMaker's TensorFlow containers answer it. CSV
    has one row per instance; several outputs stand side by side (see ``csvanswer``). npy takes one output,
    npz any.
    NotAcceptable: these outputs cannot be written so, and the text says what can.
    """
    return _WRITERS[media.kind](arrays, media, form, signature), media.name


def encode_results(results: Sequence[Any], media: MediaType) -> Answer:
    """``{"results": [...]}`` for classify (per example a list of ``(label, score)``) and regress (a number
    per example), as TF Serving writes them.
    """
    if media.kind not in (Kind.JSON, Kind.LINES):
        raise NotAcceptable(f"classify and regress are answered in JSON, not {media.name}")
    return jsonanswer.results(results), media.name


def _json(arrays: Mapping[str, Array], _: MediaType, form: Form, signature: Signature) -> bytes:
    return jsonanswer.write(arrays, form, signature)


def _csv(arrays: Mapping[str, Array], media: MediaType, _: Form, signature: Signature) -> bytes:
    return csvanswer.write(arrays, signature, header=media.parameters.get("header", "").lower() == "present")


def _npy(arrays: Mapping[str, Array], media: MediaType, _: Form, signature: Signature) -> bytes:
    if len(arrays) != 1:
        raise NotAcceptable(
            f'signature "{signature.name}" has {len(arrays)} outputs, and {media.name} holds one array',
            hint="accept application/x-npz",
        )
    return npyanswer.npy(*next(iter(arrays.items())))


def _npz(arrays: Mapping[str, Array], _: MediaType, _form: Form, _signature: Signature) -> bytes:
    return npyanswer.npz(arrays)


def _protobuf(*_: object) -> bytes:
    raise NotAcceptable("a PredictResponse is written by the gateway, not here")


_WRITERS: dict[Kind, Callable[[Mapping[str, Array], MediaType, Form, Signature], bytes]] = {
    Kind.JSON: _json,
    Kind.LINES: _json,
    Kind.CSV: _csv,
    Kind.NPY: _npy,
    Kind.NPZ: _npz,
    Kind.PROTOBUF: _protobuf,
}
