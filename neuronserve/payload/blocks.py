"""Large arrays of numbers in text (JSON, JSON lines, CSV), read block by block into one array.

Whatever the form, memory is that of the text, of its marks (brackets, commas, line ends) and of the result; a
parser of the whole text needs 19 bytes for each byte of ``1,1,1``, Python's lists 50. The marks prove that
the text is a rectangular array (see ``skeleton``); then each mark counts as a comma or a space, and simdjson,
which is left with numbers between commas, refuses what stands in a wrong place: ``[1 [2]]``, ``[1,,2]``. A
number on the wrong side of a bracket (``[1[,2]]``, ``[[1,]2]``) has to be looked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neuronserve.errors import RequestError
from neuronserve.payload import simd, skeleton
from neuronserve.payload.jsontext import DEEPEST
from neuronserve.payload.signature import TensorSpec
from neuronserve.payload.simd import Unsure

Array = np.ndarray[Any, Any]
Text = bytes | bytearray
_BLOCK = 1 << 17  # bytes: what simdjson makes of them stays in the processor's cache
_BRACKETS = bytes.maketrans(b"[]", b"  ")
_LINES = bytes.maketrans(b"[]\n", b"  ,")
_ROWS = bytes.maketrans(b"\n", b",")
_KINDS = ("float", "int")
_NUMBERS = bytes.maketrans(b"123456789+-.eE", b"0" * 14)
_BLANKS = b" \t\r\n"


def array(text: Text, span: tuple[int, int], spec: TensorSpec) -> Array:
    """The array that is spelled in ``span``, from its first bracket to its last. Unsure: not plainly one."""
    start, stop = span
    marks = skeleton.marks(text, start, stop)
    shape = _shape(marks)
    if marks != skeleton.of_array(shape):
        raise Unsure
    del marks
    return _numbers(text, span, math.prod(shape), spec, _BRACKETS).reshape(shape)


def lines(text: Text, span: tuple[int, int], spec: TensorSpec) -> Array:
    """The arrays, or numbers, that have a line each, as one array. Unsure: other than that.

    Each line's own brackets prove it: joined they could pair across lines.
    """
    start, stop = span
    first = text.find(b"\n", start, stop)
    if first < 0:
        raise Unsure
    one = skeleton.marks(text, start, first)
    shape = _shape(one) if one else ()
    marks = skeleton.marks(text, start, stop, line_ends=True)
    count = text.count(b"\n", start, stop) + 1
    # the length first: what is built must not be larger than what came
    if len(marks) != count * len(one) + count - 1 or one != skeleton.of_array(shape):
        raise Unsure
    if marks != (one + b"\n") * (count - 1) + one:
        raise Unsure
    del marks
    shape = (count, *shape)
    return _numbers(text, span, math.prod(shape), spec, _LINES).reshape(shape)


def table(text: Text, rows: int, columns: int, spec: TensorSpec) -> Array:
    """A table of CSV, which ``skeleton.is_table`` has proven. Unsure: a field that is no number of JSON."""
    flat = _numbers(text, (0, len(text)), rows * columns, spec, _ROWS)
    return flat.reshape(rows, columns)


def _shape(marks: Text) -> tuple[int, ...]:
    """As the first array of each level tells it; whether the others are like it, the caller sees.

    ``[[,],[,],[,]]`` is (3, 2): the first ``]`` ends the first array of the innermost level, the first ``]]``
    that of the next.
    """
    depth = len(marks) - len(marks.lstrip(b"["))
    if not 0 < depth <= DEEPEST:
        raise Unsure
    shape: list[int] = []
    unit = 0  # marks of one element
    for level in range(1, depth + 1):
        end = marks.find(b"]" * level)
        length = end + level - (depth - level)  # marks of the first array of this level
        size, rest = divmod(length - 1, unit + 1)  # brackets, elements, and commas between them
        if end < 0 or rest or size < 1:
            raise Unsure
        shape.append(size)
        unit = length
    return tuple(reversed(shape))


def _numbers(text: Text, span: tuple[int, int], count: int, spec: TensorSpec, table: bytes) -> Array:
    """The ``count`` numbers in ``span``. Unsure: other than that many, or one that does not fit the dtype."""
    if spec.kind not in _KINDS:
        raise Unsure
    result = np.empty(count, spec.numpy)
    have, (at, stop) = 0, span
    parted = b"," if table is _BRACKETS else b"\n"
    with simd.lent(_BLOCK) as parser:
        while at < stop:
            end = text.find(parted, min(at + _BLOCK, stop), stop)
            end = stop if end < 0 else end
            if end - at > 2 * _BLOCK and parted == b"\n":  # a long line
                comma = text.find(b",", at + _BLOCK, end)
                end = end if comma < 0 else comma
            piece = text[at:end]
            if table is not _ROWS and _is_misplaced(piece):
                raise Unsure
            block = b"[" + piece.translate(table) + b"]"
            try:
                part = simd.numbers(simd.parse(parser, block), spec)
            except RequestError as error:  # the exact reading has the place
                raise Unsure from error
            if have + part.size > count:
                raise Unsure
            result[have : have + part.size] = part
            have, at = have + part.size, end + 1
    if have != count:
        raise Unsure
    return result


def _is_misplaced(text: Text) -> bool:
    """Whether a number stands before an opening bracket or after a closing one."""
    seen = text.translate(_NUMBERS, _BLANKS)
    return b"0[" in seen or b"]0" in seen
