"""Numbers, strings, lists and objects as TF Serving's writer (RapidJSON's PrettyWriter) writes them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neuronserve.cpuserver.rest.rapidjson import members
from neuronserve.cpuserver.tensorproto import Array

_LONGEST_SHOWN = 256  # bytes of a value in an error's text
_ESCAPED = re.compile(r"\\(?:u00([0-9a-f]{2})|.)")


def quote(text: bytes) -> str:
    """A JSON string. Bytes that are no UTF-8 go out as they came, as TF Serving writes them."""
    return _quoted(text.decode("utf-8", "surrogateescape"))


def _quoted(text: str) -> str:
    return _ESCAPED.sub(
        lambda match: f"\\u00{match[1].upper()}" if match[1] else match[0],
        json.dumps(text, ensure_ascii=False),
    )


def encode(text: str) -> bytes:
    """The bytes of a finished document, the other half of ``quote``."""
    return text.encode("utf-8", "surrogateescape")


def array(items: Sequence[str], depth: int, *, single_line: bool) -> str:
    """A list, in ``depth`` others, of texts that were written for ``depth + 1``."""
    if single_line or not items:
        return f"[{', '.join(items)}]"
    inner = "\n" + "    " * (depth + 1)
    return f"[{inner}{f',{inner}'.join(items)}\n{'    ' * depth}]"


def rows(items: Sequence[str]) -> str:
    """The list below ``predictions`` or ``results``: its items are in one line, its end has its own."""
    return f"[{', '.join(items)}\n    ]" if items else "[]"


def obj(values: Mapping[str, str], depth: int) -> str:
    """An object, in ``depth`` others, of texts that were written for ``depth + 1``."""
    inner = "\n" + "    " * (depth + 1)
    pairs = (f"{_quoted(name)}: {text}" for name, text in values.items())
    return f"{{{inner}{f',{inner}'.join(pairs)}\n{'    ' * depth}}}"


def error(message: str) -> bytes:
    return encode(obj({"error": _quoted(message)}, 0))


def decimals(numbers: Array) -> list[str]:
    """float32 or float64 numbers: six digits where those are exact, else nine or seventeen."""
    flat = numbers.ravel()
    values = flat.tolist()
    texts = [f"{value:.6g}" for value in values]
    with np.errstate(over="ignore"):
        back = np.array([float(text) for text in texts], np.float64).astype(flat.dtype)
    digits = 9 if flat.dtype.itemsize == np.dtype(np.float32).itemsize else 17
    for at in np.flatnonzero(back != flat):
        texts[at] = f"{values[at]:.{digits}g}"
    return [_with_point(text) for text in texts]


def _with_point(text: str) -> str:
    """As a float, not an integer; with the names that JSON's readers know for what is not finite."""
    if "." in text or "e" in text:
        return text
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text) or f"{text}.0"


def kind(value: Any) -> str:
    """The JSON type of a value, in TF Serving's words."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    for of, name in ((dict, "Object"), (list, "Array"), (str, "String")):
        if isinstance(value, of):
            return name
    return "Number"


def show(value: Any) -> str:
    """A value in an error's text, cut when it is long."""
    parts: list[str] = []
    _show(value, 0, parts, _LONGEST_SHOWN)
    return "".join(parts)


def _show(value: Any, depth: int, parts: list[str], left: int) -> int:
    """Append a value's text while there is room; how much is left of it."""
    if isinstance(value, list):
        return _show_all("[]", (("", item) for item in value), depth, parts, left)
    if isinstance(value, dict):
        pairs = ((f"{_quoted(name)}: ", item) for name, item in members(value))
        return _show_all("{}", pairs, depth, parts, left)
    return _add(_scalar(value), parts, left)


def _show_all(
    brackets: str, items: Iterable[tuple[str, Any]], depth: int, parts: list[str], left: int
) -> int:
    is_object, between = brackets == "{}", ""
    left = _add(brackets[0], parts, left)
    for name, item in items:
        if left <= 0:
            return left
        separator = f"{between}\n{'    ' * (depth + 1)}" if is_object else between and ", "
        left = _show(item, depth + 1, parts, _add(separator + name, parts, left))
        between = ","
    return _add(f"\n{'    ' * depth}{brackets[1]}" if is_object and between else brackets[1], parts, left)


def _add(text: str, parts: list[str], left: int) -> int:
    if left <= 0:
        return left
    parts.append(text)
    return left - len(text)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return json.dumps(value)
