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

_LIMIT = 1024  # bytes of a whole node

# bytes of one element by DataType, as types.proto numbers them; strings (7) and handles have no fixed size
_SIZES = {
    1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 11: 1, 12: 1, 13: 4, 14: 2, 15: 2, 16: 2, 17: 2,
    18: 16, 19: 2, 22: 4, 23: 8, 24: 1, 25: 1,
}  # fmt: skip


def emptied(nodes: Iterable[Any]) -> list[str]:
    """The names of the Const nodes whose values are gone."""
    return [node.name for node in nodes if node.op == "Const" and _is_emptied(node)]


def _is_emptied(node: Any) -> bool:
    tensor = node.attr["value"].tensor
    elements = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    if elements == 0 or _has_values(tensor):
        return False
    size = _SIZES.get(tensor.dtype)
    if size is None:
        return True  # nobody can tell how long the values were
    return bool(node.ByteSize() + elements * size > _LIMIT)


def _has_values(tensor: Any) -> bool:
    return any(
        field.name not in ("dtype", "tensor_shape", "version_number") for field, _ in tensor.ListFields()
    )
