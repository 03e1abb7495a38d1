"""Requests of every content type, and whether an answer is the right one.

The model's rows are three floats, and its answer is the row times a factor: each request has rows of its own,
so that an answer that belongs to another request, row or model is seen. Small whole numbers are exact in
every form and on every core. Pure.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.float32]]
_JSON, _CSV, _NPY, _NPZ = "application/json", "text/csv", "application/x-npy", "application/x-npz"
_PROTOBUF = "application/x-protobuf"
_PADDING = b" " * (256 << 10)  # white space is allowed in JSON, and makes a body that comes in pieces
FLOAT = 1  # of DataType


@dataclasses.dataclass(frozen=True)
class Target:
    """A model by its address, and what it multiplies by."""

    name: str
    path: str
    factor: float


@dataclasses.dataclass(frozen=True)
class Form:
    """One way to ask. ``decode`` raises ValueError, LookupError or TypeError for what is no such answer."""

    name: str
    content_type: str
    accept: str
    encode: Callable[[Rows], bytes]
    decode: Callable[[bytes], Any]
    packed: bool = False


def wire(form: Form, target: Target, rows: Rows) -> bytes:
    """The whole request, to be sent as it is."""
    body = form.encode(rows)
    body = gzip.compress(body, 1) if form.packed else body
    packed = "Content-Encoding: gzip\r\n" if form.packed else ""
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {form.content_type}\r\n"
        f"Accept: {form.accept}\r\n{packed}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def is_right(form: Form, target: Target, rows: Rows, body: bytes) -> bool:
    """Whether a body that came with 200 is the answer to these rows, all of them and in their order."""
    try:
        found = np.asarray(form.decode(body), np.float64)
    except (ValueError, LookupError, TypeError):
        return False
    return found.shape == rows.shape and bool((found == rows * target.factor).all())


def rows_of(client: int, turn: int) -> Rows:
    """Another value for each turn of each client, exact in float32; one to four rows."""
    first = 1 + (turn * 31 + client) % 1_000_000
    return np.array([[first + row, client, row] for row in range(1 + turn % 4)], np.float32)


def _instances(rows: Rows) -> bytes:
    return json.dumps({"instances": rows.tolist()}).encode()


def _columns(rows: Rows) -> bytes:
    return json.dumps({"inputs": {"x": rows.tolist()}}).encode()


def _lines(rows: Rows) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows.tolist()).encode()


def _csv(rows: Rows) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()).encode()


def _npy(rows: Rows) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, rows)
    return buffer.getvalue()


def _npz(rows: Rows) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=rows)
    return buffer.getvalue()


def _protobuf(rows: Rows) -> bytes:
    from neuronserve.messages import predict_pb2

    request: Any = predict_pb2.PredictRequest()
    request.inputs["x"].dtype = FLOAT
    for size in rows.shape:
        request.inputs["x"].tensor_shape.dim.add(size=size)
    request.inputs["x"].tensor_content = rows.tobytes()
    made: bytes = request.SerializeToString()
    return made


def _from_csv(body: bytes) -> list[list[float]]:
    return [[float(word) for word in line.split(b",")] for line in body.splitlines()]


def _from_protobuf(body: bytes) -> Any:
    from google.protobuf.message import DecodeError

    from neuronserve.messages import predict_pb2

    answer: Any = predict_pb2.PredictResponse()
    try:
        answer.ParseFromString(body)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    (tensor,) = answer.outputs.values()
    shape = [size.size for size in tensor.tensor_shape.dim]
    values = np.frombuffer(tensor.tensor_content, np.float32) if tensor.tensor_content else tensor.float_val
    return np.reshape(np.asarray(values), shape)


def _from_npz(body: bytes) -> Any:
    import zipfile

    try:
        with np.load(io.BytesIO(body)) as arrays:
            (only,) = arrays.values()
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(str(error)) from error
    return only


def _from_npy(body: bytes) -> Any:
    try:
        return np.load(io.BytesIO(body))
    except EOFError as error:
        raise ValueError(str(error)) from error


def _predictions(body: bytes) -> Any:
    return json.loads(body)["predictions"]


def _outputs(body: bytes) -> Any:
    return json.loads(body)["outputs"]


FORMS = (
    Form("json", _JSON, _JSON, _instances, _predictions),
    Form("json-columns", _JSON, _JSON, _columns, _outputs),
    Form("json-large", _JSON, _JSON, lambda rows: _instances(rows) + _PADDING, _predictions),
    Form("json-gzip", _JSON, _JSON, _instances, _predictions, packed=True),
    Form("json-to-csv", _JSON, _CSV, _instances, _from_csv),
    Form("jsonlines", "application/jsonlines", _JSON, _lines, _predictions),
    Form("csv", _CSV, _CSV, _csv, _from_csv),
    Form("npy", _NPY, _NPY, _npy, _from_npy),
    Form("npz", _NPZ, _NPZ, _npz, _from_npz),
    Form("protobuf", _PROTOBUF, _PROTOBUF, _protobuf, _from_protobuf),
)
