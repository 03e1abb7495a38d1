"""JSON as TF Serving reads and writes it: NaN and Infinity are numbers, floats keep their width."""

from __future__ import annotations

import json
import math
from typing import Any

from neuronserve.cpuserver.status import invalid

_DEEPEST_SHOWN = 400  # characters of a value in an error text


def parse(body: bytes) -> dict[str, Any]:
    """The object in a request's body."""
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid value. at offset: {error.pos} ({error.msg})") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise invalid(f"JSON Parse error: Invalid value. ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {show(document)} Is not object")
    return document


def show(value: Any) -> str:
    """A value in an error text, cut when it is long."""
    text = json.dumps(value)
    return text if len(text) <= _DEEPEST_SHOWN else text[:_DEEPEST_SHOWN] + "..."


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


def quote(text: bytes) -> str:
    """A JSON string. Bytes that are no UTF-8 go out as they came, as TF Serving writes them."""
    return json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False)


def encode(text: str) -> bytes:
    """The bytes of a finished document, the other half of ``quote``."""
    return text.encode("utf-8", "surrogateescape")


def error(message: str) -> bytes:
    return encode(f'{{\n    "error": {json.dumps(message, ensure_ascii=False)}\n}}\n')


# how many digits to try: TF Serving's two for its own widths, as few as will do for the narrow ones
_DIGITS = {"float32": (6, 9), "float64": (6, 17), "float16": range(1, 6), "bfloat16": range(1, 5)}


def decimal(value: Any) -> str:
    """A number as TF Serving writes it: six digits where those are exact, else all; never an integer's text.

    ``value``: a numpy scalar, whose width counts.
    """
    number = float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    texts = (f"{number:.{digits}g}" for digits in _DIGITS.get(type(value).__name__, (17,)))
    text = next((text for text in texts if type(value)(float(text)) == value), repr(number))
    return text if "." in text or "e" in text else f"{text}.0"
