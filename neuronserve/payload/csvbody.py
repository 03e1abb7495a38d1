"""CSV (RFC 4180) to arrays: one row is one instance.

Quoted fields may hold commas, line ends and doubled quotes. Spaces after a comma are not part of the value;
blank lines at the end are nothing. One column is a scalar per row, several are a vector, which fills one
instance in C order where the signature's shape is fixed. Several inputs take one column each, in the
order of ``Signature.columns``, or by the names in the first row with the parameter ``header=present``.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import cost, csvfast, csvvalues, jsonforms, jsontext, shapes
from neuronserve.payload.media import MediaType
from neuronserve.payload.signature import Signature, TensorSpec

Array = np.ndarray[Any, Any]
Body = bytes | bytearray | memoryview
_BLOCK = 1 << 15  # fields that are Python's strings at the same time
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++")  # as the csv module wants them, with their ends
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
    body: Body,
    signature: Signature,
    *,
    header: bool = False,
    before: Before = _NOTHING,
    meter: cost.Meter = cost.nothing,
) -> dict[str, Array]:
    """The arrays in ``body``. MalformedBody and InputMismatch name the line (counted from 1)."""
    only = signature.only
    if only and not header and only.kind in ("float", "int"):
        meter(cost.of_numbers(body) if meter is not cost.nothing else 0)
        table = csvfast.table(body, only)
        if table is not None and before.width in (None, table.shape[1]):
            return {only.name: shapes.rows_into(table, only)}
    if meter is not cost.nothing:
        meter(cost.of_csv(body, texts=any(spec.kind == "string" for spec in signature.inputs.values())))
    records = _Records(jsontext.text(body), before)
    names = records.header() if header else before.names
    if only:
        return {only.name: _one_input(records, only, len(names or ()))}
    return _by_column(records, signature, names)


def row(body: Body, line: int) -> list[str]:
    """The first record in ``body``, which begins on ``line``. MalformedBody."""
    try:
        first: list[str] = next(_reader(jsontext.text(body)), [])
    except csv.Error as error:
        raise MalformedBody(f"the body is not CSV: line {line}: {error}") from None
    return first


class _Records:
    """The records of a text, in blocks, so that only the fields of one block are Python's strings."""

    def __init__(self, text: str, before: Before) -> None:
        self._before = before
        self._reader = _reader(text.rstrip("\r\n"))
        self._rows = self._checked()
        self.width: int | None = before.width
        self._first = next(self._rows, None)
        if self._first is None:
            raise MalformedBody("the body is empty", hint="send one row per instance")

    def header(self) -> list[str]:
        """Take the first row, which has the names."""
        (row, _), self._first = self._first or ([], 0), next(self._rows, None)
        return row

    def blocks(self) -> Iterator[tuple[list[list[str]], list[int]]]:
        """Rows, and the line on which each ends."""
        rows, lines, fields = [], [], 0
        for row, line in itertools.chain(filter(None, (self._first,)), self._rows):
            rows.append(row)
            lines.append(line)
            fields += len(row)
            if fields >= _BLOCK:
                yield rows, lines
                rows, lines, fields = [], [], 0
        if rows:
            yield rows, lines

    def _checked(self) -> Iterator[tuple[list[str], int]]:
        """All have the same width; blank lines at the end are nothing."""
        try:
            for row in self._reader:
                line = self._before.lines + self._reader.line_num
                if not row:
                    raise MalformedBody(f"line {line} is blank")
                width = self.width = self.width or len(row)
                if len(row) != width:
                    raise MalformedBody(f"line {line} has {len(row)} values where {width} were expected")
                yield row, line
        except csv.Error as error:
            line = self._before.lines + self._reader.line_num
            raise MalformedBody(f"the body is not CSV: line {line}: {error}") from None


def _reader(text: str) -> Any:
    if csv.field_size_limit() < _LONGEST_FIELD:
        csv.field_size_limit(_LONGEST_FIELD)
    # a StringIO would hold 4 bytes for each character
    lines = (found[0] for found in _LINE.finditer(text))
    return csv.reader(lines, strict=True, skipinitialspace=True)


def _one_input(records: _Records, spec: TensorSpec, width: int) -> Array:
    parts = []
    for rows, lines in records.blocks():
        width = len(rows[0])
        flat = [value for row in rows for value in row]
        parts.append(csvvalues.array(flat, lines, width, spec))
    # a table without rows has a header at least
    values = np.concatenate(parts) if parts else csvvalues.array([], [], 1, spec)
    return shapes.rows_into(values.reshape(-1, width) if parts else values.reshape(0, width), spec)


def _by_column(records: _Records, signature: Signature, names: list[str] | None) -> dict[str, Array]:
    order = list(signature.columns)
    if names is not None:
        order = [name.strip() for name in names]
        twice = next((name for name in order if order.count(name) > 1), None)
        if twice is not None:
            raise MalformedBody(f'the header row names "{twice[:100]}" twice')
        jsonforms.named(dict.fromkeys(order), signature, "the header row")
    if (records.width or len(order)) != len(order):
        raise InputMismatch(
            f"{records.width} columns for {len(order)} inputs: CSV gives each of several inputs one column",
            hint=jsonforms.wanted(signature),
        )
    parts: dict[str, list[Array]] = {name: [] for name in order}
    for rows, lines in records.blocks():
        for number, (name, column) in enumerate(zip(order, zip(*rows, strict=True), strict=True), 1):
            values = csvvalues.array(list(column), lines, 1, signature.inputs[name], first=number)
            parts[name].append(values)
    found: dict[str, Array] = {}
    for name, spec in signature.inputs.items():
        whole = np.concatenate(parts[name]) if parts[name] else csvvalues.array([], [], 1, spec)
        found[name] = shapes.rows_into(whole.reshape(-1, 1), spec)
    return found
