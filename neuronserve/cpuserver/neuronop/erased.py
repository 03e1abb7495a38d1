"""Constants that the compiler emptied to make the SavedModel small.

tensorflow-neuron clears the values of each Const node over 1,024 bytes and leaves dtype and shape;
TensorFlow would read that as zeros, and answer wrongly without a word. All zeros are also written
without values by TensorFlow's own graph optimizer, so that a node counts as emptied only when it
would have been over 1,024 bytes with its values in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.status import StatusError

_LIMIT = 1024  # bytes of a whole node


def emptied(nodes: Iterable[Any]) -> list[str]:
    """The names of the Const nodes whose values are gone."""
    return [node.name for node in nodes if node.op == "Const" and _is_emptied(node)]


def _is_emptied(node: Any) -> bool:
    tensor = node.attr["value"].tensor
    elements = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    if elements == 0 or _has_values(tensor):
        return False
    try:
        dtype = dtypes.numpy_dtype(tensor.dtype)
    except StatusError:
        return True
    if dtype.hasobject:
        return True  # nobody can tell how long the strings were
    return bool(node.ByteSize() + elements * dtype.itemsize > _LIMIT)


def _has_values(tensor: Any) -> bool:
    return any(
        field.name not in ("dtype", "tensor_shape", "version_number") for field, _ in tensor.ListFields()
    )
