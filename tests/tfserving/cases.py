"""The form of a row: a JSON body for one of the signatures in ``signatures.py``, and what has to come back.

Rows are facts of TensorFlow Serving, re-told: ``source`` names its file and the test or function that says so
(newest snapshot of tensorflow/serving; RapidJSON 1.1.0 and absl, which it parses with).
"""

import dataclasses
import json
from typing import Any


@dataclasses.dataclass(frozen=True)
class JsonCase:
    """One row.

    ``signature``: a name in ``SIGNATURES``; each is the default signature of a model of that name, so that
    ``body`` goes out as it stands (``/v1/models/<signature>:<verb>``).
    ``status``: the HTTP status. For 200, ``answer`` is the value below ``predictions``, ``outputs`` or
    ``results``; numbers of float tensors are floats, so that ``1`` and ``1.0`` differ. ``text`` is the whole
    body, where its layout is the point. ``examples``: the features of each tf.Example that the model got, for
    the signature that answers with them. For other statuses, ``error`` is a part of the text below ``error``.
    """

    name: str
    source: str
    signature: str
    body: str | bytes
    status: int = 200
    answer: Any = None
    text: str = ""
    error: str = ""
    verb: str = "predict"
    examples: tuple[dict[str, tuple[str, list[Any]]], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.verb}: {self.name}"

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


def same(expected: Any, actual: Any) -> bool:
    """Whether two JSON values are equal: NaN is NaN, 1 is not 1.0, -0.0 is not 0.0; order of keys is free."""
    return json.dumps(expected, sort_keys=True) == json.dumps(actual, sort_keys=True)


def answer_case(name: str, source: str, signature: str, body: str | bytes, answer: Any) -> JsonCase:
    return JsonCase(name, source, signature, body, answer=answer)


def error_case(
    name: str, source: str, signature: str, body: str | bytes, error: str, status: int = 400
) -> JsonCase:
    return JsonCase(name, source, signature, body, status, error=error)
