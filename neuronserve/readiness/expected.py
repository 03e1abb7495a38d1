"""The answer that a recorded line expects: JSON in TensorFlow Serving's two layouts to named arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody, RequestError
from neuronserve.payload import Signature, TensorSpec, nested

Array = np.ndarray[Any, Any]
_WIDE = "float64"


def arrays(layout: str, value: Any, signature: Signature) -> dict[str, Array]:
    """``layout`` is ``predictions`` (one entry per row) or ``outputs`` (one array per output).

    Floats become float64, whatever the output's width; texts become bytes. MalformedBody: it is laid out as
    no answer can be. InputMismatch: it could be an answer, and not one of this signature.
    """
    if layout == "outputs":
        return _columns(value, signature)
    if type(value) is not list:
        raise MalformedBody('"predictions" is not a list')
    return _rows(value, signature)


def _columns(value: Any, signature: Signature) -> dict[str, Array]:
    if _by_name(value, signature):
        _same_names(value, signature, '"outputs"')
        return {name: _array(value[name], spec) for name, spec in signature.outputs.items()}
    spec = _single(signature)
    return {spec.name: _array(value, spec)}


def _rows(rows: list[Any], signature: Signature) -> dict[str, Array]:
    if not any(_by_name(row, signature) for row in rows) and (rows or len(signature.outputs) == 1):
        spec = _single(signature)
        return {spec.name: _array(rows, spec)}
    for at, row in enumerate(rows):
        if not _by_name(row, signature):
            raise MalformedBody(f"predictions[{at}] is no object with outputs by name, as others are")
        _same_names(row, signature, f"predictions[{at}]")
    return {name: _array([row[name] for row in rows], spec) for name, spec in signature.outputs.items()}


def _array(value: Any, spec: TensorSpec) -> Array:
    if spec.kind == "complex":
        raise InputMismatch(f'output "{spec.name}" is {spec.dtype}, which JSON cannot carry')
    wide = dataclasses.replace(spec, dtype=_WIDE) if spec.kind == "float" else spec
    try:
        return nested.array(value, wide)
    except RequestError as error:  # which speaks of inputs, as nearly always
        raise type(error)(error.message.replace("input", "output", 1), hint=error.hint) from None


def _by_name(value: Any, signature: Signature) -> bool:
    """Whether it holds outputs by name; ``{"b64": ...}`` is a value itself where text goes."""
    if type(value) is not dict:
        return False
    return not (nested.is_b64(value) and "b64" not in signature.outputs)


def _same_names(value: Mapping[str, Any], signature: Signature, where: str) -> None:
    if value.keys() != signature.outputs.keys():
        raise InputMismatch(
            f"{where} has {_names(value)}, and the model's answer has {_names(signature.outputs)}"
        )


def _single(signature: Signature) -> TensorSpec:
    if len(signature.outputs) == 1:
        return next(iter(signature.outputs.values()))
    raise InputMismatch(
        f"values without names were given, and the model's answer has {_names(signature.outputs)}"
    )


def _names(mapping: Mapping[str, Any]) -> str:
    return ", ".join(f'"{name[:100]}"' for name in mapping) or "nothing"
