"""The ``examples`` form of classify and regress: the features of tf.Example, as Python values.

A feature is a value or a list of values: all strings or ``{"b64": ...}`` (bytes), all integers, or numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import jsonforms, nested
from neuronserve.payload.decoded import Feature
from neuronserve.payload.jsontext import Named
from neuronserve.payload.signature import Signature, Signatures, select

Examples = list[Mapping[str, Feature]]
_PREDICTS = frozenset({"instances", "inputs"})


def read(
    documents: list[Any], signatures: Signatures, asked: str | None, method: str
) -> tuple[Signature, Examples, Mapping[str, Feature] | None]:
    """The signature, the features of each example, and the ``context`` that all share.

    Taken are TF Serving's object, one bare example, a list of them, and JSON lines of them.
    """
    context = None
    examples = documents if len(documents) > 1 else documents[0]
    if type(examples) is dict and "examples" in examples:
        asked = jsonforms.signature_name(examples, asked)
        context = examples.get("context")
        examples = examples["examples"]
    elif type(examples) is dict and not _PREDICTS.isdisjoint(examples):
        raise MalformedBody(
            f'{method} takes "examples", and the body has "instances" or "inputs", which predict takes',
            hint=f'send {{"examples": [{{"feature": value}}]}}, or ask without tfs-method={method}',
        )
    elif type(examples) is dict:
        examples = [examples]
    signature = select(signatures, asked)
    if type(examples) is not list:
        raise MalformedBody(f'{method} wants a list of examples: {{"examples": [{{"feature": value}}]}}')
    if not examples:
        raise MalformedBody('"examples" is empty', hint=f"{method} wants at least one")
    read_all = [_features(example, f"examples[{i}]") for i, example in enumerate(examples)]
    return signature, read_all, None if context is None else _features(context, "context")


def _features(example: Any, where: str) -> Mapping[str, Feature]:
    if type(example) is not dict:
        raise MalformedBody(f"{where} is not an object of features")
    for name in example:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise MalformedBody(f"{where}: the name of a feature has half of a surrogate pair") from None
    return {name: _feature(value, f'{where}["{name[:100]}"]') for name, value in example.items()}


def _feature(value: Any, where: str) -> Feature:
    values = value if type(value) is list else [value]
    types = set(map(type, values))
    if types <= {int, bool}:  # TensorFlow Serving takes true and false for 1 and 0 (json_tensor.cc)
        values = [int(v) for v in values]
        if not all(-(1 << 63) <= v < 1 << 63 for v in values):
            raise InputMismatch(f"{where} is beyond int64")
        return values
    if types <= {int, float, Named}:
        return [float(v) for v in values]
    if types <= {str, dict}:
        return [_bytes(v, where) for v in values]
    raise InputMismatch(f"{where} is neither strings nor numbers, or a mixture")


def _bytes(value: Any, where: str) -> bytes:
    if type(value) is str:
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise MalformedBody(f"{where}: half of a surrogate pair is no text") from None
    if nested.is_b64(value):
        return nested.unb64(value["b64"], where)
    raise InputMismatch(f'{where}: an object where a string or {{"b64": "..."}} was expected')
