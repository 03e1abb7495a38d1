"""Nested Python lists, as JSON gives them, to arrays: exact, and every fault with its position."""

from __future__ import annotations

import base64
import binascii
import json
from itertools import chain
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import dtypes, shapes
from neuronserve.payload.cast import EXACT, to_float
from neuronserve.payload.jsontext import DEEPEST, Named
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_INF = float("inf")
_FLOATS = frozenset({int, float, Named})
_INTS = frozenset({int})
_BOOLS = frozenset({bool})
_STRINGS = frozenset({str, dict})


def array(value: Any, spec: TensorSpec) -> Array:
    """``value`` (a scalar or nested lists) in the dtype of ``spec``; its shape is not checked here.

    MalformedBody: ragged lists. InputMismatch: values that the dtype does not take.
    """
    shape, flat = _flatten(value, spec)
    shape = shapes.empty(shape, spec.shape)
    kind = spec.kind
    if kind == "float":
        return _floats(flat, shape, spec)
    if kind == "int":
        return _ints(flat, shape, spec)
    if kind == "bool":
        _only(_BOOLS, flat, shape, spec)
        return np.array(flat, np.bool_).reshape(shape)
    if kind == "string":
        _only(_STRINGS, flat, shape, spec)
        return _strings(flat, shape, spec)
    raise InputMismatch(
        f'input "{spec.name}" is {spec.dtype}, which JSON cannot carry', hint="send npy or npz"
    )


def is_b64(value: Any) -> bool:
    """Whether it is TF Serving's form for bytes: ``{"b64": "..."}`` and nothing else."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def unb64(text: str, where: str) -> bytes:
    """The bytes. MalformedBody: no base64.

    Both alphabets, with or without padding, and with white space anywhere: MIME and the ``base64`` program
    break lines, and TensorFlow Serving reads that (absl's Base64Unescape).
    """
    raw = b"".join(text.encode("ascii", "replace").split()).rstrip(b"=")
    if b"-" in raw or b"_" in raw:
        raw = raw.translate(_URL_SAFE)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except binascii.Error:
        raise MalformedBody(f"{where}: the value of b64 is not base64") from None


def _flatten(value: Any, spec: TensorSpec) -> tuple[tuple[int, ...], list[Any]]:
    shape: tuple[int, ...] = ()
    level = [value]
    while level and type(level[0]) is list:
        size = len(level[0])
        if len(level) > 1 and (set(map(type, level)) != {list} or set(map(len, level)) != {size}):
            _ragged(level, shape, size, spec)
        if len(shape) == DEEPEST:
            raise MalformedBody(f'input "{spec.name}" is nested deeper than {DEEPEST} levels')
        shape = (*shape, size)
        level = level[0] if len(level) == 1 else list(chain.from_iterable(level))
    return shape, level


def _floats(flat: list[Any], shape: tuple[int, ...], spec: TensorSpec) -> Array:
    _only(_FLOATS, flat, shape, spec)
    try:
        doubles = np.array(flat, np.float64).reshape(shape)
    except OverflowError:
        at = next(i for i, v in enumerate(flat) if type(v) is int and abs(v) >= 1 << 1024)
        raise _out(flat, at, shape, spec) from None
    if _INF in flat or -_INF in flat:
        for at, number in enumerate(flat):
            if type(number) is float and abs(number) == _INF:  # 1e400, and not Infinity
                raise _out(flat, at, shape, spec)
    return doubles if spec.numpy == np.float64 else to_float(doubles, spec)


def _ints(flat: list[Any], shape: tuple[int, ...], spec: TensorSpec) -> Array:
    if not _INTS.issuperset(map(type, flat)):
        _only(_FLOATS, flat, shape, spec)
        flat = [_whole(flat, i, shape, spec) if type(v) is not int else v for i, v in enumerate(flat)]
    try:
        return np.array(flat, spec.numpy).reshape(shape)
    except OverflowError:
        low, high = dtypes.bounds(spec.numpy)
        at = next(i for i, v in enumerate(flat) if not low <= v <= high)
        raise _out(flat, at, shape, spec) from None


def _whole(flat: list[Any], at: int, shape: tuple[int, ...], spec: TensorSpec) -> int:
    number: float = flat[at]
    if number.is_integer() and abs(number) < EXACT:
        return int(number)
    if number.is_integer():
        raise InputMismatch(
            f"{place(spec, at, shape)}: {_told(number)} may have lost digits", hint="write it without a point"
        )
    raise InputMismatch(
        f"{place(spec, at, shape)}: {_told(number)} is no whole number; the signature wants {spec.dtype}"
    )


def _strings(flat: list[Any], shape: tuple[int, ...], spec: TensorSpec) -> Array:
    values = np.empty(len(flat), object)
    for i, item in enumerate(flat):
        if type(item) is str:
            try:
                values[i] = item.encode()
            except UnicodeEncodeError:
                raise MalformedBody(f"{place(spec, i, shape)}: half of a surrogate pair is no text") from None
        elif is_b64(item):
            values[i] = unb64(item["b64"], place(spec, i, shape))
        else:
            raise InputMismatch(
                f'{place(spec, i, shape)}: an object where a string or {{"b64": "..."}} was expected'
            )
    return values.reshape(shape)


def _only(allowed: frozenset[type], flat: list[Any], shape: tuple[int, ...], spec: TensorSpec) -> None:
    if allowed.issuperset(map(type, flat)):
        return
    at = next(i for i, v in enumerate(flat) if type(v) not in allowed)
    if type(flat[at]) is list:
        raise MalformedBody(
            f"{place(spec, at, shape)}: a list where a single value was expected", hint=_RAGGED
        )
    found, name = flat[at], _TENSORFLOWS.get(spec.dtype, spec.dtype)
    raise InputMismatch(
        f"{place(spec, at, shape)}: {_told(found)} where a {spec.dtype} was expected; "
        # json_tensor.cc's words, which clients of AWS's container know
        f"JSON Value: {_told(found)} Type: {_kind(found)} is not of expected type: {name}"
    )


_TENSORFLOWS = {"float16": "half", "float32": "float", "float64": "double"}  # DataTypeString's names
_KINDS = {dict: "Object", list: "Array", str: "String", type(None): "Null"}  # rapidjson's


def _kind(value: Any) -> str:
    return str(value) if isinstance(value, bool) else _KINDS.get(type(value), "Number")


_RAGGED = "lists at the same depth must have the same length"


def _ragged(level: list[Any], shape: tuple[int, ...], size: int, spec: TensorSpec) -> None:
    for at, item in enumerate(level):
        where = place(spec, at, shape)
        if type(item) is not list:
            raise MalformedBody(f"{where}: {_told(item)} where a list of {size} was expected", hint=_RAGGED)
        if len(item) != size:
            raise MalformedBody(f"{where}: {len(item)} values where {size} were expected", hint=_RAGGED)


def _out(flat: list[Any], at: int, shape: tuple[int, ...], spec: TensorSpec) -> InputMismatch:
    return InputMismatch(f"{place(spec, at, shape)}: {_told(flat[at])} is out of the range of {spec.dtype}")


def place(spec: TensorSpec, at: int, shape: tuple[int, ...]) -> str:
    """``input "x"[2][0]`` for the flat index ``at``."""
    return f'input "{spec.name}"' + "".join(
        f"[{i}]" for i in np.unravel_index(at, shape or (1,))[: len(shape)]
    )


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 1024:
        return "a huge number"  # Python bounds the digits it writes
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
