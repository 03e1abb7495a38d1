"""What the attributes of a NeuronOp say of its ports, by their places: shape and batch axis."""

from __future__ import annotations

from typing import Any


def shape_at(shapes: Any, at: int) -> tuple[int, ...] | None:
    """The compiled shape; None: not told, or of unknown rank."""
    if at >= len(shapes) or shapes[at].unknown_rank:
        return None
    return tuple(dim.size for dim in shapes[at].dim)


def axis_at(axes: Any, at: int) -> int | None:
    """The axis that may have any size; None: the shape is fixed."""
    return axes[at] if at < len(axes) and axes[at] >= 0 else None
