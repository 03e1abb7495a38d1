"""CSV (RFC 4180) to arrays: one row is one instance.

Quoted fields may hold commas, line ends and doubled quotes. Spaces after a comma are not part of the value;
blank lines at the end are nothing. One column is a scalar per row, several are a vector, which fills one
instance in C order where the signature's shape is fixed. Several inputs take one column each, in the
order of ``Signature.columns``, or by the names in the first row with the parameter ``header=present``.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import csvfast, csvvalues, jsonforms, jsontext, shapes
from neuronserve.payload.media import MediaType
from neuronserve.payload.signature import Signature, TensorSpec

Array = np.ndarray[Any, Any]
Body = bytes | bytearray | memoryview
_LONGEST_FIELD = 1 << 30  # the csv module's own limit is 128 KiB, too little for text or base64


@dataclasses.dataclass(frozen=True)
class Before:
    """What came before, where a body is read in pieces: ``lines`` of it, the header's ``names`` (None without
    one), and the ``width`` of its rows (None: there were none).
    """

    lines: int = 0
    names: list[str] | None = None
    width: int | None = None


_NOTHING = Before()


def has_header(kind: MediaType) -> bool:
    """RFC 4180's parameter ``header=present``."""
    return kind.parameters.get("header", "absent").lower() == "present"


def read(
    body: Body, signature: Signature, *, header: bool = False, before: Before = _NOTHING
) -> dict[str, Array]:
    """The arrays in ``body``. MalformedBody and InputMismatch name the line (counted from 1)."""
    only = signature.only
    if only and not header and only.kind in ("float", "int"):
        table = csvfast.table(body, only)
        if table is not None and before.width in (None, table.shape[1]):
            return {only.name: shapes.rows_into(table, only)}
    rows, lines = _rows(jsontext.text(body), before)
    names = rows.pop(0) if header and rows else before.names
    del lines[: 1 if header else 0]
    if only:
        width = len(rows[0] if rows else names or ())  # a table without rows has a header at least
        return {only.name: _one_input(rows, lines, only, width)}
    return _by_column(rows, lines, signature, names)


def row(body: Body, line: int) -> list[str]:
    """The first record in ``body``, which begins on ``line``. MalformedBody."""
    try:
        return next(_reader(jsontext.text(body)), [])
    except csv.Error as error:
        raise MalformedBody(f"the body is not CSV: line {line}: {error}") from None


def _rows(text: str, before: Before) -> tuple[list[list[str]], list[int]]:
    """The records, and the line on which each ends."""
    reader = _reader(text)
    rows, lines = [], []
    try:
        for row in reader:
            rows.append(row)
            lines.append(before.lines + reader.line_num)
    except csv.Error as error:
        line = before.lines + reader.line_num
        raise MalformedBody(f"the body is not CSV: line {line}: {error}") from None
    while rows and not rows[-1]:
        rows.pop()
        lines.pop()
    if not rows:
        raise MalformedBody("the body is empty", hint="send one row per instance")
    width = before.width or len(next(filter(None, rows)))
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            told = "is blank" if not row else f"has {len(row)} values where {width} were expected"
            raise MalformedBody(f"line {line} {told}")
    return rows, lines


def _reader(text: str) -> Any:
    if csv.field_size_limit() < _LONGEST_FIELD:
        csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)


def _one_input(rows: list[list[str]], lines: Sequence[int], spec: TensorSpec, width: int) -> Array:
    flat = [value for row in rows for value in row]
    return shapes.rows_into(csvvalues.array(flat, lines, width, spec).reshape(len(rows), width), spec)


def _by_column(
    rows: list[list[str]], lines: Sequence[int], signature: Signature, names: list[str] | None
) -> dict[str, Array]:
    order = list(signature.columns)
    if names is not None:
        order = [name.strip() for name in names]
        twice = next((name for name in order if order.count(name) > 1), None)
        if twice is not None:
            raise MalformedBody(f'the header row names "{twice[:100]}" twice')
        jsonforms.named(dict.fromkeys(order), signature, "the header row")
    if rows and len(rows[0]) != len(order):
        raise InputMismatch(
            f"{len(rows[0])} columns for {len(order)} inputs: CSV gives each of several inputs one column",
            hint=jsonforms.wanted(signature),
        )
    columns = zip(*rows, strict=True) if rows else ((),) * len(order)
    found: dict[str, Array] = {}
    for number, (name, column) in enumerate(zip(order, columns, strict=True), 1):
        spec = signature.inputs[name]
        values = csvvalues.array(list(column), lines, 1, spec, first=number)
        found[name] = shapes.rows_into(values.reshape(-1, 1), spec)
    return {name: found[name] for name in signature.inputs}
