"""What handlers may return, brought into one form. ``Wrong`` says what was expected, for the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

JSON = "application/json"
_EXPECTED = "expected (body, content_type), the body as str or bytes"
_HEADER = re.compile(r"[\x20-\x7e]{1,1024}")
_TEXT_BODY = ("instances", "inputs", "examples")  # one of them is in every body of TensorFlow Serving's

Array = np.ndarray[Any, Any]


class Wrong(Exception):
    """Something else than what the contract has."""


def answer(returned: Any, function: str) -> tuple[bytes, str]:
    """The body and content type of ``handler`` and ``output_handler``. Raises Wrong."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise Wrong(f"{function} returned {_named(returned)}; {_EXPECTED}")
    body, content_type = returned
    if not isinstance(body, (str, bytes, bytearray, memoryview)):
        raise Wrong(f"{function} returned {_named(body)} as the body; {_EXPECTED}")
    if content_type is not None and not (isinstance(content_type, str) and _HEADER.fullmatch(content_type)):
        raise Wrong(f"{function} returned {content_type!r:.100} as the content type; {_EXPECTED}")
    # half a surrogate pair is no fault of the request's
    whole = body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)
    return whole, _concrete(content_type or JSON)


def for_the_model(returned: Any) -> bytes | Array | Mapping[str, Array]:
    """A body in TensorFlow Serving's JSON, or arrays. Raises Wrong."""
    if isinstance(returned, np.ndarray):
        return _plain(returned)
    if isinstance(returned, str):
        return returned.encode(errors="surrogatepass")
    if isinstance(returned, (bytes, bytearray, memoryview)):
        return bytes(returned)
    if isinstance(returned, Mapping) and returned:
        return _mapping(returned)
    if hasattr(returned, "__array__"):  # a tensor, a data frame
        return _plain(np.asarray(returned))
    raise Wrong(
        f"input_handler returned {_named(returned)}; expected TensorFlow Serving's JSON as str or bytes, a "
        "numpy array, or a dict of them by the inputs' names"
    )


def _mapping(returned: Mapping[Any, Any]) -> bytes | Mapping[str, Array]:
    if not all(isinstance(name, str) for name in returned):
        raise Wrong("input_handler returned a dict whose keys are not all names")
    if all(hasattr(value, "__array__") for value in returned.values()):
        return {name: _plain(np.asarray(value)) for name, value in returned.items()}
    if any(name in returned for name in _TEXT_BODY):
        try:
            return orjson.dumps(returned, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError as fault:
            raise Wrong(f"input_handler returned a dict that is not JSON: {fault}") from fault
    odd = next(name for name, value in returned.items() if not hasattr(value, "__array__"))
    raise Wrong(
        f"input_handler returned a dict with {_named(returned[odd])} for {odd!r:.100}; expected arrays"
    )


def _plain(array: Array) -> Array:
    """Texts as the bytes that TensorFlow's strings are."""
    if array.dtype.kind != "O":
        return array
    if all(isinstance(value, (str, bytes)) for value in array.ravel()):
        made = np.array([v.encode() if isinstance(v, str) else v for v in array.ravel()] or None, object)
        return made.reshape(array.shape) if array.size else array
    raise Wrong("input_handler returned an array of objects; expected numbers, bool, str or bytes")


def _concrete(content_type: str) -> str:
    """Scripts return the Accept header: of a list the first type that is one; JSON for ``*/*``."""
    if "*" not in content_type and "," not in content_type:
        return content_type
    types = (part.partition(";q=")[0].strip() for part in content_type.split(","))
    return next((one for one in types if one and "*" not in one), JSON)


def _named(value: Any) -> str:
    kind = type(value).__name__
    return (
        f"a tuple of {len(value)}" if isinstance(value, tuple) else "None" if value is None else f"a {kind}"
    )
