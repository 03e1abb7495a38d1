"""What a TensorFlow model takes and gives before it is compiled, as read from its SavedModel or frozen graph.

Plain values on the way from the artifact (``artifact/inspect/uncompiled.py``) to those who have it compiled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

DEFAULT_SIGNATURE = "serving_default"


class Form(StrEnum):
    SAVED_MODEL = "SavedModel"
    FROZEN_GRAPH = "frozen graph"


@dataclasses.dataclass(frozen=True)
class Tensor:
    """``name``: in the graph, such as ``x:0``. ``dtype``: in numpy's words, or ``string``.

    ``shape``: -1 is any size; None: the rank is not known either. ``composite``: what it is made of several
    dense tensors, such as ``sparse tensor``; "" for a dense one. ``name`` is empty then.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    composite: str = ""


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs by the names that callers give them."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Uncompiled:
    """``signatures``: of a frozen graph there is one, called "": its placeholders by their nodes' names, and
    the nodes that nothing follows. ``tensorflow``: the version that wrote it, may be empty. ``neuron``: parts
    of it are compiled already. ``variables``: it has variables; a frozen graph cannot.
    """

    form: Form
    signatures: Mapping[str, Signature]
    tensorflow: str = ""
    neuron: bool = False
    variables: bool = False
