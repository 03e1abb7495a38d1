"""How many compiled batches a run is, by the shapes it feeds; what the compiler fixed is not negotiable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import StatusError, invalid


class Batches:
    """Counts the batches of one version's runs, whose tensors have the names that its graph gives them."""

    def __init__(self, compiled: Compiled, signatures: Mapping[str, Any]) -> None:
        self._known = {
            frozenset(info.name for info in signatures[name].inputs.values()): (
                batch,
                [
                    signatures[name].inputs[alias].name
                    for alias in batch.inputs
                    if alias in signatures[name].inputs
                ],
            )
            for name, batch in compiled.signatures.items()
            if name in signatures
        }

    def count(self, feeds: Mapping[str, Typed]) -> int:
        """Compiled batches of a run, at least 1; INVALID_ARGUMENT for rows that were not compiled.

        A run of which nothing is known (no signature has these inputs, or no input has the batch axis) is
        one.
        """
        batch, names = self._known.get(frozenset(feeds), (None, []))
        if batch is None:
            return 1
        return max((_count(batch, name, feeds[name][0].shape) for name in names), default=1)


def _count(batch: SignatureBatch, name: str, shape: Sequence[int]) -> int:
    if not shape:
        raise _refused(name, shape, [batch.size])
    if batch.dynamic:
        return max(1, -(-shape[0] // batch.size))
    if shape[0] != batch.size:
        raise _refused(name, shape, [batch.size, *shape[1:]])
    return 1


def _refused(name: str, shape: Iterable[int], expected: Iterable[int]) -> StatusError:
    return invalid(
        f"Shape of tensor {name} {_shown(shape)} is not compatible with expected shape {_shown(expected)}."
    )


def _shown(shape: Iterable[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
