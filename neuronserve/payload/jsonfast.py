"""Numeric JSON, sooner than value by value: simdjson's buffer becomes the array.

It comes to what ``jsonforms`` comes to, or says nothing: anything that is not plainly arrays of numbers, and
every fault, is left to the exact reading, which finds the words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from simdjson import Array as ListProxy
from simdjson import Object as ObjectProxy

from neuronserve.errors import BodyTooLarge, Overloaded, RequestError
from neuronserve.payload import cost, jsonforms, jsonlarge, shapes, simd, skeleton
from neuronserve.payload.decoded import Form
from neuronserve.payload.jsonforms import Arrays, Result
from neuronserve.payload.jsontext import BOM, DEEPEST
from neuronserve.payload.signature import Signature, Signatures, TensorSpec, select
from neuronserve.payload.simd import Unsure
from neuronserve.payload.spans import Span, Spans

Array = np.ndarray[Any, Any]
Text = bytes | bytearray
_SMALL = 1024  # bytes: below, value by value is as quick


def read(
    body: bytes | bytearray | memoryview,
    signatures: Signatures,
    asked: str | None,
    meter: cost.Meter = cost.nothing,
) -> Result | None:
    """What ``jsonforms.read`` makes of the documents in ``body``; None where this cannot tell.

    ``meter``: told what it may cost, before it.
    """
    if len(body) < _SMALL:
        return None
    text = bytes(body) if isinstance(body, memoryview) else body
    try:
        if not _may_take(cost.of_whole(text), meter):
            meter(cost.of_numbers(text))
            return jsonlarge.read(text, signatures, asked)
        with simd.lent(len(text)) as parser:
            return _document(parser, text, signatures, asked)
    except Unsure:
        return lines(text, signatures, asked, meter) if b"\n" in text else None
    except RequestError:
        return None


def lines(
    text: Text, signatures: Signatures, asked: str | None, meter: cost.Meter = cost.nothing
) -> Result | None:
    """As ``read``, of documents that must have a line each."""
    if len(text) < _SMALL:
        return None
    try:
        if not _may_take(cost.of_lines(text), meter):
            meter(cost.of_numbers(text))
            return jsonlarge.lines(text, signatures, asked)
        with simd.lent(len(text)) as parser:
            return _lines(parser, text, signatures, asked)
    except (Unsure, RequestError):
        return None


def _may_take(needed: int | None, meter: cost.Meter) -> bool:
    """Whether simdjson may have the whole document; blocks take longer, and less memory."""
    if needed is None:
        return False
    try:
        meter(needed)
    except (BodyTooLarge, Overloaded):
        return False
    return True


def _document(parser: Any, text: Text, signatures: Signatures, asked: str | None) -> Result:
    document = simd.parse(parser, text)
    if isinstance(document, ListProxy):
        signature = select(signatures, asked)
        spec = jsonforms.single(signature)
        many = _is_list(document[0]) if len(document) else True
        array = _array(document, text, (text.find(b"["), text.rfind(b"]") + 1), spec)
        return signature, Form.ROW, {spec.name: shapes.batch(array, spec, one=not many)}
    if not isinstance(document, ObjectProxy):
        raise Unsure
    members = _members(document)
    if "instances" not in members and "inputs" not in members:
        signature = select(signatures, asked)
        arrays = _by_name(members, signature, Spans(text))
        inputs = signature.inputs
        return signature, Form.ROW, {n: shapes.batch(a, inputs[n], one=True) for n, a in arrays.items()}
    if "instances" in members and "inputs" in members:
        raise Unsure
    column = "inputs" in members
    values = members.pop("inputs" if column else "instances")
    if any(isinstance(other, ListProxy | ObjectProxy) for other in members.values()):
        raise Unsure  # a key twice inside would go unseen
    signature = select(signatures, jsonforms.signature_name(members, asked))
    found = Spans(text)
    if column:
        return signature, Form.COLUMN, _checked(_columns(values, signature, found), signature)
    return signature, Form.ROW, _checked(_rows(values, signature, found), signature)


def _columns(inputs: Any, signature: Signature, found: Spans) -> Arrays:
    if isinstance(inputs, ObjectProxy):
        return _by_name(_members(inputs), signature, found, others=True)
    spec = jsonforms.single(signature)
    return {spec.name: _array(inputs, found.text, found.of("inputs")[0], spec)}


def _rows(instances: Any, signature: Signature, found: Spans) -> Arrays:
    if not _is_list(instances) or not len(instances):
        raise Unsure
    if not isinstance(instances[0], ObjectProxy):
        spec = jsonforms.single(signature)
        return {spec.name: _array(instances, found.text, found.of("instances")[0], spec)}
    columns: dict[str, list[Array]] = {name: [] for name in signature.inputs}
    for i, instance in enumerate(instances):
        if not isinstance(instance, ObjectProxy):
            raise Unsure
        members = _members(instance)
        for name, spec in jsonforms.named(members, signature, "").items():
            span = found.of(name, len(instances))[i]
            columns[name].append(_array(members[name], found.text, span, spec))
    return {name: _stacked(arrays) for name, arrays in columns.items()}


def _by_name(members: dict[str, Any], signature: Signature, found: Spans, *, others: bool = False) -> Arrays:
    specs = jsonforms.named(members, signature, "", others=others)
    return {name: _array(members[name], found.text, found.of(name)[0], spec) for name, spec in specs.items()}


def _checked(arrays: Arrays, signature: Signature) -> Arrays:
    return {name: shapes.check(array, signature.inputs[name]) for name, array in arrays.items()}


def _lines(parser: Any, text: Text, signatures: Signatures, asked: str | None) -> Result:
    """One array to a line. Each line's own brackets prove it: joined they could pair across lines."""
    lines = [line for line in text.removeprefix(BOM).split(b"\n") if line.strip()]
    document = simd.parse(parser, b"[" + b",".join(lines) + b"]")
    shape = _shape(document)
    signature = select(signatures, asked)
    spec = jsonforms.single(signature)
    flat = simd.numbers(document, spec)
    if len(lines) < 2 or shape[0] != len(lines) or flat.size != math.prod(shape):
        raise Unsure
    wanted = skeleton.of_array(shape[1:])
    if any(skeleton.of_text(line) != wanted for line in lines):
        raise Unsure
    return signature, Form.ROW, _checked({spec.name: flat.reshape(shape)}, signature)


def _array(proxy: Any, text: Text, span: Span, spec: TensorSpec) -> Array:
    """The array that ``proxy`` stands for, spelled in ``span``. Unsure: not plainly rectangular numbers."""
    shape = _shape(proxy)
    flat = simd.numbers(proxy, spec)
    # the count first: the skeleton of a shape that is not there may be huge
    if flat.size != math.prod(shape) or not skeleton.is_array(text, span, shape):
        raise Unsure
    return flat.reshape(shape)


def _shape(proxy: Any) -> tuple[int, ...]:
    """As the first element of each level tells it."""
    shape: list[int] = []
    while _is_list(proxy):
        shape.append(len(proxy))
        if not shape[-1] or len(shape) > DEEPEST:
            raise Unsure
        proxy = proxy[0]
    if not shape:
        raise Unsure
    return tuple(shape)


def _is_list(value: Any) -> bool:
    return isinstance(value, ListProxy)


def _members(proxy: Any) -> dict[str, Any]:
    keys = list(proxy)
    if any("\0" in key for key in keys):  # simdjson is asked in C's strings, which end there
        raise Unsure
    members = {key: proxy[key] for key in keys}  # its items() would make Python lists of all values
    if len(members) != len(proxy):
        raise Unsure  # a key twice
    return members


def _stacked(arrays: list[Array]) -> Array:
    if len({array.shape for array in arrays}) != 1:
        raise Unsure
    return np.stack(arrays)
