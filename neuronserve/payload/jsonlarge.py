"""Large JSON without Python's lists: its arrays of numbers are cut out and read in blocks.

What remains, the outline, is small, and the exact reading has it: which keys there are, and where each array
belongs. As ``jsonfast`` it comes to what ``jsonforms`` comes to, or says nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuronserve.payload import blocks, jsonforms, jsontext, nested, shapes
from neuronserve.payload.decoded import Form
from neuronserve.payload.jsonforms import Arrays, Result
from neuronserve.payload.jsontext import BOM
from neuronserve.payload.signature import Signature, Signatures, TensorSpec, select
from neuronserve.payload.simd import Unsure
from neuronserve.payload.spans import Span, Spans

Array = np.ndarray[Any, Any]
Text = bytes | bytearray
_BLANK = b" \t\r\n"
_LONGEST_OUTLINE = 1 << 18  # bytes
_MARK = "\0"  # begins the string that stands for an array; Spans takes no escapes, and JSON no bare NUL


def read(text: Text, signatures: Signatures, asked: str | None) -> Result:
    """What ``jsonforms.read`` makes of it. Unsure, RequestError: the exact reading has to see."""
    span = _trimmed(text)
    if text[span[0] : span[0] + 1] == b"{":
        return _object(text, signatures, asked)
    signature = select(signatures, asked)
    spec = jsonforms.single(signature)
    try:
        array = blocks.array(text, span, spec)
    except Unsure:
        return signature, Form.ROW, {spec.name: shapes.check(blocks.lines(text, span, spec), spec)}
    return signature, Form.ROW, {spec.name: shapes.batch(array, spec, one=array.ndim < 2)}


def lines(text: Text, signatures: Signatures, asked: str | None) -> Result:
    """As ``read``, of documents that must have a line each."""
    signature = select(signatures, asked)
    spec = jsonforms.single(signature)
    array = blocks.lines(text, _trimmed(text), spec)
    return signature, Form.ROW, {spec.name: shapes.check(array, spec)}


def _trimmed(text: Text) -> Span:
    """Without a byte order mark and the blanks around it."""
    start = len(BOM) if text.startswith(BOM) else 0
    stop = len(text)
    while start < stop and text[start] in _BLANK:
        start += 1
    while stop > start and text[stop - 1] in _BLANK:
        stop -= 1
    return start, stop


def _object(text: Text, signatures: Signatures, asked: str | None) -> Result:
    cut = _Cut(text)
    documents = jsontext.documents(cut.outline)
    if len(documents) != 1 or type(documents[0]) is not dict:
        raise Unsure
    document = documents[0]
    if "instances" not in document and "inputs" not in document:
        signature = select(signatures, asked)
        specs = jsonforms.named(document, signature, "")
        return signature, Form.ROW, {
            n: shapes.batch(cut.array(document[n], spec), spec, one=True) for n, spec in specs.items()
        }  # fmt: skip
    if "instances" in document and "inputs" in document:
        raise Unsure
    signature = select(signatures, jsonforms.signature_name(document, asked))
    if "inputs" in document:
        return signature, Form.COLUMN, _checked(_columns(document["inputs"], signature, cut), signature)
    return signature, Form.ROW, _checked(_rows(document["instances"], signature, cut), signature)


def _columns(inputs: Any, signature: Signature, cut: _Cut) -> Arrays:
    if type(inputs) is dict:
        specs = jsonforms.named(inputs, signature, "", others=True)
        return {name: cut.array(inputs[name], spec) for name, spec in specs.items()}
    spec = jsonforms.single(signature)
    return {spec.name: cut.array(inputs, spec)}


def _rows(instances: Any, signature: Signature, cut: _Cut) -> Arrays:
    if type(instances) is str:
        spec = jsonforms.single(signature)
        return {spec.name: cut.array(instances, spec)}
    if type(instances) is not list or not instances or any(type(one) is not dict for one in instances):
        raise Unsure
    for one in instances:
        jsonforms.named(one, signature, "")
    return {name: cut.stacked([one[name] for one in instances], s) for name, s in signature.inputs.items()}


def _checked(arrays: Arrays, signature: Signature) -> Arrays:
    return {name: shapes.check(array, signature.inputs[name]) for name, array in arrays.items()}


class _Cut:
    """``text`` without the arrays that stand under keys: in the ``outline`` a string stands for each."""

    def __init__(self, text: Text) -> None:
        """Unsure: very many strings, escapes, or much that is no array of numbers."""
        self._text = text
        self._spans = sorted(span for spans in Spans(text).all() for span in spans)
        if len(text) - sum(stop - start for start, stop in self._spans) > _LONGEST_OUTLINE:
            raise Unsure
        parts: list[Text] = []
        at = 0
        for number, (start, stop) in enumerate(self._spans):
            parts += (text[at:start], b'"\\u0000%d"' % number)
            at = stop
        self.outline = b"".join((*parts, text[at:]))

    def array(self, value: Any, spec: TensorSpec) -> Array:
        """The array that ``value`` of the outline stands for; a single value is one of no dimensions."""
        if type(value) is str and value.startswith(_MARK):
            return blocks.array(self._text, self._spans[int(value[1:])], spec)
        if type(value) in (int, float):
            return nested.array(value, spec)
        raise Unsure

    def stacked(self, values: list[Any], spec: TensorSpec) -> Array:
        """One row for each value. Unsure: they differ in shape."""
        first = self.array(values[0], spec)
        result = np.empty((len(values), *first.shape), first.dtype)
        result[0] = first
        for at, value in enumerate(values[1:], 1):
            row = self.array(value, spec)
            if row.shape != first.shape:
                raise Unsure
            result[at] = row
        return result
