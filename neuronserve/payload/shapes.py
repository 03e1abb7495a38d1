"""Shapes: what came against what the signature declares.

A declared shape tells how a body is meant (is a list one instance, or many?). It refuses an array only where
it was compiled in: of an uncompiled model TensorFlow Serving does not check it, and the graph may well take
another. Where the model server then refuses the array, ``mismatch`` says what was declared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch
from neuronserve.payload.signature import Shape, Signature, TensorSpec

Array = np.ndarray[Any, Any]


def fits(shape: tuple[int, ...], wanted: Shape | None) -> bool:
    """Whether an array of ``shape`` can be fed; unknown ranks and dimensions take anything."""
    if wanted is None:
        return True
    if len(shape) != len(wanted):
        return False
    return shape == wanted or all(want in (None, have) for have, want in zip(shape, wanted, strict=True))


def check(array: Array, spec: TensorSpec) -> Array:
    """``array`` itself. InputMismatch: it does not fit a shape that was compiled in."""
    if not spec.compiled or fits(array.shape, spec.shape):
        return array
    raise InputMismatch(_differs(array, spec, "wants"), hint=_advice(array.shape, spec.shape or ()))


def mismatch(arrays: Mapping[str, Array], signature: Signature) -> str:
    """What the declared shapes have against ``arrays``, one sentence for each; "" when they all fit."""
    differing = [
        (array, signature.inputs[name])
        for name, array in arrays.items()
        if not fits(array.shape, signature.inputs[name].shape)
    ]
    return "; ".join(
        ", ".join(filter(None, (_differs(array, spec, "declares"), _advice(array.shape, spec.shape or ()))))
        for array, spec in differing
    )


def _differs(array: Array, spec: TensorSpec, verb: str) -> str:
    return f'input "{spec.name}" has shape {text(array.shape)}; the signature {verb} {text(spec.shape)}'


def batch(array: Array, spec: TensorSpec, *, one: bool) -> Array:
    """The batch that a bare value means: ``one`` instance, or many.

    Where that does not fit the signature and the other reading does, the other it is: a bare
    ``[224][224][3]`` list for an image input is one image, ``[1, 2, 5]`` for an input of scalars is three.
    An input that declares a single value has no batch: what is sent for it is an instance, as in the row
    form, which the graph may take or not.
    """
    if spec.shape == () and not spec.compiled:
        return array[None] if one else array
    first, second = (array[None], array) if one else (array, array[None])
    if not fits(first.shape, spec.shape) and fits(second.shape, spec.shape):
        return second
    return check(first, spec)


def rows_into(array: Array, spec: TensorSpec) -> Array:
    """A table's rows ``[n, k]`` as the input's batch: each row fills one instance in C order.

    One column is a scalar per row where the input takes that. InputMismatch: ``k`` values do not fill it.
    """
    n, k = array.shape
    if k == 1 and (spec.shape is None or len(spec.shape) <= 1):
        return check(array.reshape(n), spec)
    inner = spec.shape[1:] if spec.shape else ()
    known = [d for d in inner if d is not None]
    if len(inner) > 1 and len(known) == len(inner) and math.prod(known) == k:
        array = array.reshape(n, *known)
    return check(array, spec)


def empty(shape: tuple[int, ...], wanted: Shape | None) -> tuple[int, ...]:
    """``[0]``, which says nothing about the rest, takes the rest from the signature; unknown is 0."""
    if shape != (0,) or not wanted:
        return shape
    return (0, *(d or 0 for d in wanted[1:]))


def rows(arrays: dict[str, Array]) -> int | None:
    """The common first dimension; None when there is none."""
    sizes = {a.shape[0] if a.ndim else None for a in arrays.values()}
    return sizes.pop() if len(sizes) == 1 else None


def text(shape: Shape | None) -> str:
    if shape is None:
        return "of any shape"
    return "[" + ", ".join("?" if d is None else str(d) for d in shape) + "]"


def _advice(have: tuple[int, ...], want: Shape) -> str:
    if have and not want:
        return 'a single value is meant: send the column form, {"inputs": {"name": value, ...}}'
    if len(have) + 1 == len(want):
        return "one dimension is missing: is each instance whole, and is the batch a list of instances?"
    if len(have) == len(want) + 1:
        return "there is one dimension too many: is a list wrapped twice?"
    return ""
