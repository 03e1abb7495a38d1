"""Messages as the texts of answers."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from google.protobuf import json_format

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.cpuserver.rest import text
from neuronserve.cpuserver.rest.requests import Form
from neuronserve.cpuserver.status import invalid
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import get_model_metadata_pb2

_BYTES_SUFFIX = "_bytes"
_BOOL = 10
_FLOATS = (1, 2)
_INTEGERS = (3, 4, 5, 6, 9, 22, 23)  # of the others TF Serving writes none, not even uint16


def predictions(outputs: Mapping[str, Any], form: Form) -> bytes:
    """The answer to ``:predict``: rows under ``predictions``, or columns under ``outputs``."""
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    dtype_of = {alias: proto.dtype for alias, proto in outputs.items()}
    arrays = {alias: tensorproto.decode(proto, alias) for alias, proto in sorted(outputs.items())}
    body = _rows(arrays, dtype_of) if form is Form.ROW else _columns(arrays, dtype_of)
    return text.encode(text.obj({form.value: body}, 0))


def _rows(arrays: Mapping[str, Array], dtype_of: Mapping[str, int]) -> str:
    size = _rows_of(arrays)
    are_objects = len(arrays) > 1
    depth = 3 if are_objects else 2
    columns = {
        alias: list(_nested(array, alias, dtype_of[alias], depth, single_line=True))
        for alias, array in arrays.items()
    }
    if are_objects:
        objects = [
            text.obj({alias: column[at] for alias, column in columns.items()}, 2) for at in range(size)
        ]
        return text.array(objects, 1, single_line=False)
    return text.rows(next(iter(columns.values())))


def _rows_of(arrays: Mapping[str, Array]) -> int:
    """The batch size that all outputs have."""
    size = -1
    for alias, array in arrays.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        if size not in (-1, len(array)):
            raise invalid(f"Tensor name: {alias} has inconsistent batch size: {len(array)} expecting: {size}")
        size = len(array)
    return size


def _columns(arrays: Mapping[str, Array], dtype_of: Mapping[str, int]) -> str:
    depth = 2 if len(arrays) > 1 else 1
    texts = {
        alias: next(_nested(array[np.newaxis], alias, dtype_of[alias], depth, single_line=False))
        for alias, array in arrays.items()
    }
    return text.obj(texts, 1) if len(texts) > 1 else next(iter(texts.values()))


def _nested(array: Array, alias: str, dtype: int, depth: int, *, single_line: bool) -> Iterator[str]:
    """The texts of what an array's first axis holds, each written for ``depth``."""
    values = iter(_values(array, alias, dtype, depth + array.ndim - 1))

    def whole(axis: int) -> str:
        if axis == array.ndim:
            return next(values)
        items = [whole(axis + 1) for _ in range(array.shape[axis])]
        return text.array(items, depth + axis - 1, single_line=single_line)

    return (whole(1) for _ in range(len(array)))


def _values(array: Array, alias: str, dtype: int, depth: int) -> list[str]:
    """The texts of an output's values, in order."""
    if array.size == 0:
        return []
    if dtype in _FLOATS:
        return text.decimals(array)
    flat = array.ravel().tolist()
    if dtype in _INTEGERS:
        return [str(value) for value in flat]
    if dtype == _BOOL:
        return ["true" if value else "false" for value in flat]
    if dtype != dtypes.STRING:
        raise invalid(f"Failed to write JSON value for tensor type: {dtypes.name(dtype)}")
    if alias.endswith(_BYTES_SUFFIX):
        return [text.obj({"b64": text.quote(base64.b64encode(value))}, depth) for value in flat]
    return [text.quote(value) for value in flat]


def classifications(result: Any) -> bytes:
    """``results``: for each example its ``[label, score]`` pairs."""
    if not result.classifications:
        raise invalid("Cannot convert empty ClassificationResults to JSON")
    rows = [
        text.array([_scored(entry) for entry in row.classes], 2, single_line=True)
        for row in result.classifications
    ]
    return text.encode(text.obj({"results": text.rows(rows)}, 0))


def _scored(entry: Any) -> str:
    return f"[{text.quote(entry.label.encode())}, {text.decimals(np.array([entry.score], np.float32))[0]}]"


def regressions(result: Any) -> bytes:
    """``results``: for each example its value."""
    if not result.regressions:
        raise invalid("Cannot convert empty RegressionResults to JSON")
    values = text.decimals(np.array([entry.value for entry in result.regressions], np.float32))
    return text.encode(text.obj({"results": text.array(values, 1, single_line=True)}, 0))


def message(value: Any) -> bytes:
    """A message with its own field names and all its fields, as GetModelStatus answers."""
    return text.encode(json_format.MessageToJson(
        value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=1) + "\n"
    )  # fmt: skip


def metadata(response: Any) -> bytes:
    """GetModelMetadata's answer, with its packed signatures laid open."""
    found = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(found)
    spec, signatures = (message(part).decode() for part in (response.model_spec, found))
    return text.encode(f'{{\n"model_spec":{spec},\n"metadata": {{"signature_def": {signatures}}}\n}}\n')
