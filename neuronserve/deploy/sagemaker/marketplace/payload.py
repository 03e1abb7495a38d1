"""Test data: as large as it is, and as large as the limit allows."""

from __future__ import annotations

import json
from typing import Any

_LINES = ("text/csv", "application/jsonlines", "application/x-jsonlines", "application/jsons")
_JSON = "application/json"


def bare(content_type: str) -> str:
    """Without parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def grown(data: bytes, content_type: str, limit: int) -> bytes | None:
    """The same records again and again, as many as fit into ``limit`` bytes; None where that has no meaning.

    Lines of CSV and of JSON are records, and so are the items of ``{"instances": [...]}`` or of a list.
    """
    if not data or len(data) > limit:
        return None
    kind = bare(content_type)
    if kind in _LINES:
        body = data if data.endswith(b"\n") else data + b"\n"
        return body * (limit // len(body)) or None
    return _instances(data, limit) if kind == _JSON else None


def _instances(data: bytes, limit: int) -> bytes | None:
    try:
        found: Any = json.loads(data)
    except ValueError:
        return None
    rows = found.get("instances") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not rows or not all(isinstance(row, (list, dict)) for row in rows):
        return None
    if isinstance(found, dict) and found.keys() - {"instances", "signature_name"}:
        return None
    one = json.dumps(rows, separators=(",", ":")).encode()[1:-1]
    rest = (
        {key: value for key, value in found.items() if key != "instances"} if isinstance(found, dict) else {}
    )
    head = json.dumps(rest, separators=(",", ":")).encode()[:-1] + (b"," if rest else b"") + b'"instances":['
    begin, end = (head, b"]}") if isinstance(found, dict) else (b"[", b"]")
    times = (limit - len(begin) - len(end) + 1) // (len(one) + 1)
    return begin + b",".join([one] * times) + end if times > 0 else None
