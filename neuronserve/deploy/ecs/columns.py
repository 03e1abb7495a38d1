"""Rows for a person, in columns as wide as their widest cell."""

from __future__ import annotations

from collections.abc import Sequence


def lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The heads and the rows, two blanks between columns, nothing after the last."""
    table = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
