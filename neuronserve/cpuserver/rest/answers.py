"""Messages as the texts of answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.cpuserver.rest.requests import Form
from neuronserve.cpuserver.rest.text import decimal, encode, quote
from neuronserve.cpuserver.status import invalid
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import get_model_metadata_pb2

_BYTES_SUFFIX = "_bytes"


def predictions(outputs: Mapping[str, Any], form: Form) -> bytes:
    """The answer to ``:predict``: rows under ``predictions``, or columns under ``outputs``."""
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    arrays = {alias: tensorproto.decode(proto, alias) for alias, proto in sorted(outputs.items())}
    writers = {alias: _writer(alias, proto.dtype) for alias, proto in outputs.items()}
    body = _rows(arrays, writers) if form is Form.ROW else _columns(arrays, writers)
    return encode(f'{{\n    "{form.value}": {body}\n}}\n')


def _rows(arrays: Mapping[str, Array], writers: Mapping[str, Callable[[Any], str]]) -> str:
    size = -1
    for alias, array in arrays.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        if size not in (-1, len(array)):
            raise invalid(f"Tensor name: {alias} has inconsistent batch size: {len(array)} expecting: {size}")
        size = len(array)
    columns = {alias: [_nested(row, writers[alias]) for row in array] for alias, array in arrays.items()}
    if len(columns) == 1:
        return f"[{', '.join(next(iter(columns.values())))}]"
    rows = (_object({alias: column[at] for alias, column in columns.items()}) for at in range(size))
    return f"[{', '.join(rows)}]"


def _columns(arrays: Mapping[str, Array], writers: Mapping[str, Callable[[Any], str]]) -> str:
    texts = {alias: _nested(array, writers[alias]) for alias, array in arrays.items()}
    return next(iter(texts.values())) if len(texts) == 1 else _object(texts)


def _object(members: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in members.items()) + "}"


def _nested(value: Any, write: Callable[[Any], str]) -> str:
    # iteration over an object array gives its bytes, over a number array numpy scalars
    if getattr(value, "ndim", 0) == 0:
        return write(value.item() if hasattr(value, "dtype") and value.dtype.hasobject else value)
    return f"[{', '.join(_nested(item, write) for item in value)}]"


def _writer(alias: str, dtype: int) -> Callable[[Any], str]:
    """What writes one value of an output."""
    if dtype == dtypes.STRING:
        return _base64 if alias.endswith(_BYTES_SUFFIX) else quote
    kind = dtypes.numpy_dtype(dtype).kind
    if kind == "b":
        return lambda value: "true" if value else "false"
    if kind in "iu":
        return lambda value: str(int(value))
    if kind == "c":
        raise invalid(f"Failed to write JSON value for tensor type: {dtypes.name(dtype)}")
    # ml_dtypes' scalars (bfloat16) are floats of a kind of their own
    return lambda value: decimal(value[()] if hasattr(value, "ndim") and value.ndim == 0 else value)


def _base64(value: bytes) -> str:
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'


def classifications(result: Any) -> bytes:
    """``results``: for each example its ``[label, score]`` pairs."""
    rows = (
        ", ".join(
            f"[{json.dumps(entry.label, ensure_ascii=False)}, {_float32(entry.score)}]"
            for entry in row.classes
        )
        for row in result.classifications
    )
    return encode('{\n    "results": [' + ", ".join(f"[{row}]" for row in rows) + "]\n}\n")


def regressions(result: Any) -> bytes:
    """``results``: for each example its value."""
    values = ", ".join(_float32(entry.value) for entry in result.regressions)
    return encode(f'{{\n    "results": [{values}]\n}}\n')


def _float32(value: float) -> str:
    return decimal(dtypes.numpy_dtype(1).type(value))


def message(value: Any) -> bytes:
    """A message with its own field names and all its fields, as GetModelStatus answers."""
    return encode(json_format.MessageToJson(
        value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=1) + "\n"
    )  # fmt: skip


def metadata(response: Any) -> bytes:
    """GetModelMetadata's answer, with its packed signatures laid open."""
    found = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(found)
    spec, signatures = (message(part).decode() for part in (response.model_spec, found))
    return encode(f'{{\n"model_spec":{spec},\n"metadata": {{"signature_def": {signatures}}}\n}}\n')
