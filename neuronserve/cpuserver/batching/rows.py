"""Joining the rows of several calls, and giving each call its own back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import invalid
from neuronserve.cpuserver.tensorproto import Array

Feeds = Mapping[str, Typed]


def count(feeds: Feeds) -> int:
    """The rows of a call: the size of axis 0, which all its inputs share."""
    sizes = set()
    for array, _ in feeds.values():
        if array.ndim == 0:
            raise invalid("Batching session Run() input tensors must have at least one dimension.")
        sizes.add(array.shape[0])
    if len(sizes) != 1:
        raise invalid("Batching session Run() input tensors must have equal 0th-dimension size")
    return int(sizes.pop())


def shapes(feeds: Feeds) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """What calls must have in common to be joined: each input's shape without its rows."""
    return tuple(sorted((name, array.shape[1:]) for name, (array, _) in feeds.items()))


def cut(feeds: Feeds, size: int, most: int) -> list[Feeds]:
    """The ``size`` rows in parts of at most ``most``, as large-batch splitting does."""
    if size <= most:
        return [feeds]
    return [
        {name: (array[start : start + most], dtype) for name, (array, dtype) in feeds.items()}
        for start in range(0, size, most)
    ]


def concatenated(answers: Sequence[list[Typed]]) -> list[Typed]:
    """The results of the parts of one call, as one."""
    if len(answers) == 1:
        return answers[0]
    return [
        (np.concatenate([array for array, _ in results]), results[0][1])
        for results in zip(*answers, strict=True)
    ]


def join(calls: Sequence[Feeds], size: int, *, pad_lengths: bool) -> dict[str, Typed]:
    """One call of ``size`` rows; what is missing at the end repeats the first row.

    With ``pad_lengths`` inputs of different lengths are first filled up to the longest with zeros.
    """
    joined: dict[str, Typed] = {}
    for name, (_, dtype) in calls[0].items():
        arrays = [call[name][0] for call in calls]
        if pad_lengths:
            arrays = _same_length(arrays)
        rows = sum(len(array) for array in arrays)
        if size > rows:
            arrays.append(np.repeat(arrays[0][:1], size - rows, axis=0))
        joined[name] = (arrays[0] if len(arrays) == 1 else np.concatenate(arrays), dtype)
    return joined


def split(results: Sequence[Typed], sizes: Sequence[int], size: int) -> list[list[Typed]]:
    """Each call's part of the results of a batch of ``size`` rows, of which the calls sent ``sizes``."""
    for array, _ in results:
        if array.ndim == 0:
            raise invalid("Batched output tensor has 0 dimensions")
        if len(array) != size:
            raise invalid("Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                          "sizes of the input tensors")  # fmt: skip
    ends = np.cumsum(sizes)
    return [
        [(array[end - rows : end], dtype) for array, dtype in results]
        for rows, end in zip(sizes, ends, strict=True)
    ]


def _same_length(arrays: list[Array]) -> list[Array]:
    if len({array.ndim for array in arrays}) != 1:
        raise invalid("Inputs to be padded must have the same number of dimensions")
    longest = np.max([array.shape[1:] for array in arrays], axis=0)
    return [_fill(array, longest) for array in arrays]


def _fill(array: Array, shape: Array) -> Array:
    missing = [(0, int(want) - have) for want, have in zip(shape, array.shape[1:], strict=True)]
    filler = b"" if array.dtype.hasobject else array.dtype.type(0)
    return np.pad(array, [(0, 0), *missing], constant_values=filler)
