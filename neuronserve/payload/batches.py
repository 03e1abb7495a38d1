"""A request's rows in batches of the size that the model was compiled at, and their answers joined again.

A compiled model takes exactly its batch (static), or runs best on multiples of it (dynamic: the framework
splits along axis 0 by itself; AWS Neuron SDK, tensorflow-neuron's ``dynamic_batch_size``). The padding is cut
off the answer, so that it is what one call for each row would have given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np

from neuronserve.compiled import SignatureBatch
from neuronserve.errors import InputMismatch, ModelFailed
from neuronserve.payload import shapes
from neuronserve.payload.signature import Signature, TensorSpec

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]


def relaxed(signature: Signature, batch: SignatureBatch) -> Signature:
    """The signature as clients see it: what has a batch axis takes any number of rows, the rest is fixed."""
    compiled = {n: dataclasses.replace(s, compiled=True) for n, s in signature.inputs.items()}
    return dataclasses.replace(
        signature,
        inputs={n: _any_rows(s) if n in batch.inputs else s for n, s in compiled.items()},
        outputs={n: s if n in batch.unjoinable else _any_rows(s) for n, s in signature.outputs.items()},
    )


def split(arrays: Arrays, batch: SignatureBatch, *, lanes: int = 1, pad: bool = True) -> Split:
    """Deal the rows of ``batch.inputs`` (their axis 0) to parts; other inputs go along with every part.

    Static: ``batch.size`` rows to a part. Dynamic: at most ``lanes`` parts, multiples of ``batch.size``, as
    even as can be. The last part is filled up by repeating its last row, unless ``pad`` is False, because
    the model server does that. No rows at all make one part of zeros (empty strings), so that dtype and
    shape of the empty answer are the model's.
    InputMismatch: the inputs' rows differ, or an output that has no batch axis would have to be joined.
    """
    rows = _rows(arrays, batch)
    if batch.dynamic:
        # several answers could not be joined: then the framework alone splits, and joins
        starts = _dealt(rows, batch.size, 1 if batch.unjoinable else lanes)
    else:
        starts = range(0, rows, batch.size) if rows else (0,)
    padding = -rows % batch.size if pad else 0
    if not rows:
        padding = batch.size if pad else 1
    if batch.unjoinable and (not rows or rows % batch.size or len(starts) > 1):
        raise _unjoinable(batch.unjoinable[0], None, batch, rows)
    return Split(rows, Parts(arrays, batch.inputs, starts, rows, padding), padding, batch, pad)


@dataclasses.dataclass(frozen=True, eq=False)
class Parts(Sequence[Arrays]):
    """The parts, each made when it is asked for: views of the rows; only a padded part is a copy.

    ``starts``: the first row of each, ascending from 0. ``padding``: rows added to the last.
    """

    arrays: Arrays
    inputs: tuple[str, ...]
    starts: Sequence[int]
    rows: int
    padding: int

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, at: int) -> Arrays: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Arrays]: ...
    def __getitem__(self, at: int | slice) -> Arrays | Sequence[Arrays]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        last = len(self) - 1
        start, end = self.starts[at], self.rows if at in (last, -1) else self.starts[at + 1]
        padding = self.padding if end == self.rows else 0
        if not padding and end - start == self.rows:
            return self.arrays
        return {
            name: _part(array, start, end, padding) if name in self.inputs else array
            for name, array in self.arrays.items()
        }

    def size(self, at: int) -> int:
        """Rows that part ``at`` (from 0) sends, padding included."""
        if at == len(self) - 1:
            return self.rows - self.starts[at] + self.padding
        return self.starts[at + 1] - self.starts[at]


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """A request's ``rows`` as ``parts``; ``padding`` rows were added, unless left to the model server."""

    rows: int
    parts: Parts
    padding: int
    batch: SignatureBatch
    pad: bool

    def join(self, answers: Sequence[Arrays]) -> dict[str, Array]:
        """The outputs of all parts, in their order, as one answer of ``rows`` rows.

        One whole part's answer is passed as it is. InputMismatch: an output has not the rows that were sent,
        so that it cannot be joined or cut. ModelFailed: parts were answered with different outputs.
        """
        if len(answers) != len(self.parts):
            raise ValueError(f"{len(answers)} answers for {len(self.parts)} parts")
        if len(answers) == 1 and not self.padding:
            return dict(answers[0])
        found = [self.cut(at, answer, answers[0]) for at, answer in enumerate(answers)]
        if len(found) == 1:
            return found[0]
        return {name: np.concatenate([part[name] for part in found]) for name in found[0]}

    def cut(self, at: int, answer: Arrays, first: Arrays) -> dict[str, Array]:
        """The answer to part ``at`` without its padding, fit to be joined to that to the first part.

        InputMismatch and ModelFailed as ``join``.
        """
        return {name: self._cut(name, at, answer, first) for name in first}

    def _cut(self, name: str, at: int, answer: Arrays, first: Arrays) -> Array:
        if name not in answer:
            raise ModelFailed(f'some batches were answered without the output "{name}"')
        array = answer[name]
        if array.shape != (self.parts.size(at), *first[name].shape[1:]):
            raise _unjoinable(name, array, self.batch, self.rows)
        return array[: array.shape[0] - self.padding] if at == len(self.parts) - 1 else array


def _any_rows(spec: TensorSpec) -> TensorSpec:
    return dataclasses.replace(spec, shape=(None, *spec.shape[1:])) if spec.shape else spec


def _rows(arrays: Arrays, batch: SignatureBatch) -> int:
    """The common first dimension of the inputs that have a batch axis."""
    if not batch.inputs:
        raise ValueError("no input has a batch axis")
    found: dict[str, int] = {}
    for name in batch.inputs:
        if name not in arrays:
            raise InputMismatch(f'input "{name}" is missing')
        if not arrays[name].ndim:
            raise InputMismatch(f'input "{name}" is a single value', hint="send a batch: a list of instances")
        found[name] = arrays[name].shape[0]
    first = batch.inputs[0]
    for name, rows in found.items():
        if rows != found[first]:
            raise InputMismatch(
                f'input "{first}" has {found[first]} rows and input "{name}" has {rows}',
                hint="every instance has one row in each input",
            )
    return found[first]


def _dealt(rows: int, size: int, lanes: int) -> Sequence[int]:
    """The first row of each part: whole batches, dealt to at most ``lanes``, the larger parts first."""
    batches = -(-rows // size) or 1
    lanes = max(1, min(lanes, batches))
    each, more = divmod(batches, lanes)
    return [size * (i * each + min(i, more)) for i in range(lanes)]


def _part(array: Array, start: int, end: int, padding: int) -> Array:
    if not padding:
        return array[start:end]
    part = np.empty((end - start + padding, *array.shape[1:]), array.dtype)
    part[: end - start] = array[start:end]
    nothing: Any = b"" if array.dtype == object else 0
    part[end - start :] = array[end - 1 : end] if end > start else nothing
    return part


def _unjoinable(name: str, array: Array | None, batch: SignatureBatch, rows: int) -> InputMismatch:
    shape = f" of shape {shapes.text(array.shape)}" if array is not None else ""
    sizes = f"exactly {batch.size}, or a multiple of it," if batch.dynamic else f"exactly {batch.size}"
    return InputMismatch(
        f'output "{name}"{shape} has no batch axis, so the answer to {rows} rows cannot be made of those to '
        f"batches of {batch.size}, at which the model was compiled",
        hint=f"send {sizes} rows",
    )
