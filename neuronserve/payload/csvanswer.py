"""Arrays to CSV (RFC 4180 quoting, lines ended by LF): one row per instance.

Several outputs stand side by side in the order of their names. ``Accept: text/csv; header=present`` puts the
names first: ``scores`` for one column, ``scores_0``, ``scores_1``, ... for several.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.errors import NotAcceptable
from neuronserve.payload import jsonanswer, shapes
from neuronserve.payload.signature import Signature

Array = np.ndarray[Any, Any]


def write(arrays: Mapping[str, Array], signature: Signature, *, header: bool = False) -> bytes:
    """The table. NotAcceptable: the outputs have no common batch axis, or are complex."""
    if shapes.rows(dict(arrays)) is None:
        told = ", ".join(f'"{n}" {shapes.text(a.shape)}' for n, a in arrays.items())
        raise NotAcceptable(
            f'the outputs of signature "{signature.name}" have no common batch axis, so no table: {told}',
            hint="accept application/json or npz",
        )
    names = sorted(arrays)
    tables = [_flat(arrays[name]) for name in names]
    if len(tables) == 1 and not header and tables[0].dtype.kind != "O":
        return _numbers(names[0], tables[0])
    columns = list(itertools.chain.from_iterable(_columns(n, t) for n, t in zip(names, tables, strict=True)))
    lines = [map(_quoted, _header(names, tables))] if header else []
    return "".join(",".join(line) + "\n" for line in [*lines, *zip(*columns, strict=True)]).encode()


def _flat(array: Array) -> Array:
    rows = array.shape[0]
    return array.reshape(rows, array.size // rows if rows else int(np.prod(array.shape[1:])))


def _numbers(name: str, table: Array) -> bytes:
    """The JSON of ``[[1.5,2.0],[3.0,4.0]]`` holds the table: its numbers have no commas inside."""
    if not table.size:
        return b"\n" * len(table)
    return jsonanswer.value(name, table)[2:-2].replace(b"],[", b"\n") + b"\n"


def _columns(name: str, table: Array) -> list[list[str]]:
    if table.dtype.kind == "O":
        return [[_quoted(_text(v, as_bytes=name.endswith("_bytes"))) for v in column] for column in table.T]
    # the text of each number, as JSON has it
    return [
        jsonanswer.value(name, column)[1:-1].decode().split(",") if column.size else [] for column in table.T
    ]


def _text(value: bytes, *, as_bytes: bool) -> str:
    if not as_bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return base64.b64encode(value).decode()


def _quoted(text: str) -> str:
    """The csv module leaves a lone CR bare when lines end in LF, and readers take it for a line end."""
    if text and text[0] != " " and not any(mark in text for mark in '",\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def _header(names: list[str], tables: list[Array]) -> list[str]:
    widths = zip(names, (t.shape[1] for t in tables), strict=True)
    return [
        n for name, width in widths for n in ([name] if width == 1 else [f"{name}_{i}" for i in range(width)])
    ]
