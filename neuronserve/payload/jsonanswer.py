"""Arrays to JSON, as TF Serving lays it out.

Numbers take their shortest form that reads back the same in the output's dtype (float16 and bfloat16 in
float32's). NaN and the infinities are ``NaN``, ``Infinity``, ``-Infinity``, TF Serving's own. Strings are
text; bytes that are no UTF-8, and outputs whose names end in ``_bytes``, are ``{"b64": "..."}``.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from neuronserve.errors import InputMismatch, NotAcceptable
from neuronserve.payload import dtypes, shapes
from neuronserve.payload.decoded import Form
from neuronserve.payload.signature import Signature

Array = np.ndarray[Any, Any]
PREDICTIONS = b'{"predictions":[', b"]}"  # around the instances of the row form
_FLAT = 2  # dimensions: a row is a number, or a list of numbers
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_LISTS = 1 << 12  # that orjson is given at a time: it makes an object of 100 bytes of each first


def write(arrays: Mapping[str, Array], form: Form, signature: Signature) -> bytes:
    """The body. NotAcceptable: complex outputs. InputMismatch: rows of outputs without a batch axis."""
    row = form is Form.ROW or (form is Form.FREE and shapes.rows(dict(arrays)) is not None)
    if row:
        return b'{"predictions":' + _instances(arrays, signature) + b"}"
    content = _only(arrays) if len(arrays) == 1 else _object((n, value(n, a)) for n, a in arrays.items())
    return b'{"outputs":' + content + b"}"


def rows(arrays: Mapping[str, Array], signature: Signature) -> bytes:
    """The instances parted by commas, which stand between PREDICTIONS. InputMismatch: as ``write``."""
    return _instances(arrays, signature)[1:-1]


def lines(arrays: Mapping[str, Array], counts: Sequence[int] | None, signature: Signature) -> bytes:
    """A line ``{"predictions":[...]}`` for each record, which has ``counts`` of the rows; None: one each.

    InputMismatch: as ``write``.
    """
    _same_rows(arrays, signature)
    opening, closing = PREDICTIONS
    array = next(iter(arrays.values()))
    if counts is None and len(arrays) == 1 and array.ndim <= _FLAT and array.size and array.dtype.kind != "O":
        between = b"," if array.ndim == 1 else b"],["  # neither is in a number
        head, tail = between.partition(b",")[::2]
        content = _only(arrays)[1:-1].replace(between, head + closing + b"\n" + opening + tail)
        return opening + content + closing + b"\n"
    texts: list[bytes] = []
    at = 0
    for count in counts or [1] * len(array):
        part = {name: whole[at : at + count] for name, whole in arrays.items()}
        texts += (opening, _instances(part, signature)[1:-1], closing, b"\n")
        at += count
    return b"".join(texts)


def results(values: Sequence[Any]) -> bytes:
    """``{"results": [...]}``; scores are float32, as the messages carry them."""
    return b'{"results":' + _array(map(_result, values)) + b"}"


def _result(found: Any) -> bytes:
    if isinstance(found, float | int):
        return _number(found)
    return _array(_array((_text(label), _number(score))) for label, score in found)


def _instances(arrays: Mapping[str, Array], signature: Signature) -> bytes:
    _same_rows(arrays, signature)
    return _only(arrays) if len(arrays) == 1 else _row_objects(arrays)


def _only(arrays: Mapping[str, Array]) -> bytes:
    return value(*next(iter(arrays.items())))


def value(name: str, array: Array) -> bytes:
    if array.dtype.kind == "O":
        return orjson.dumps(_strings(array, as_bytes=name.endswith("_bytes")))
    if array.dtype.kind == "c":
        raise NotAcceptable(
            f'output "{name}" is {array.dtype.name}, which JSON cannot carry', hint="accept npy or npz"
        )
    if dtypes.kind(array.dtype) == "float":
        return _floats(array)
    return _numbers(array)


def _numbers(array: Array) -> bytes:
    if not array.ndim:
        return orjson.dumps(array[()], option=_NUMPY)
    if not (array.flags.c_contiguous and array.dtype.isnative):
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    lists = math.prod(array.shape[:-1])
    if lists <= _LISTS:
        return orjson.dumps(array, option=_NUMPY)
    if len(array) == 1:
        return b"[" + _numbers(array[0]) + b"]"
    step = max(1, len(array) * _LISTS // lists)
    return _array(_numbers(array[at : at + step])[1:-1] for at in range(0, len(array), step))


def _floats(array: Array) -> bytes:
    if array.dtype.kind == "V":  # bfloat16
        array = array.astype(np.float32)
    written = _numbers(array)
    if b"null" not in written:
        return written
    # orjson writes null for what is not finite and for nothing else here: in order, each gets its word
    pieces = written.split(b"null")
    words = [_word(v) for v in array[~np.isfinite(array)].tolist()]
    return b"".join(p + w for p, w in zip(pieces, [*words, b""], strict=True))


def _word(value: float) -> bytes:
    return b"NaN" if value != value else b"Infinity" if value > 0 else b"-Infinity"  # noqa: PLR0124  only NaN differs


def _strings(array: Array, *, as_bytes: bool) -> Any:
    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(v) for v in value]
        if not as_bytes:
            try:
                return value.decode()
            except UnicodeDecodeError:
                pass
        return {"b64": base64.b64encode(value).decode()}

    return told(array.tolist())


def _row_objects(arrays: Mapping[str, Array]) -> bytes:
    columns = [[value(name, array[i, ...]) for i in range(len(array))] for name, array in arrays.items()]
    return _array(_object(zip(arrays, row, strict=True)) for row in zip(*columns, strict=True))


def _same_rows(arrays: Mapping[str, Array], signature: Signature) -> None:
    if shapes.rows(dict(arrays)) is None:
        told = ", ".join(f'"{n}" {shapes.text(a.shape)}' for n, a in arrays.items())
        raise InputMismatch(
            f'the outputs of signature "{signature.name}" have no common batch axis: {told}',
            hint='send the column form {"inputs": ...}, or accept npz',
        )


def _object(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in pairs) + b"}"


def _array(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _text(label: Any) -> bytes:
    return orjson.dumps(label.decode(errors="replace") if isinstance(label, bytes) else str(label))


def _number(value: float) -> bytes:
    return _floats(np.asarray(value, np.float32))
