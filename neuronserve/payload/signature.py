"""What a model version takes and gives: the values the codecs work from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neuronserve.errors import UnknownTarget
from neuronserve.payload import dtypes

DEFAULT = "serving_default"
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output. ``dtype`` is TensorFlow's lower-case name (``float32``, ``string``, ...).

    ``shape`` holds None for an unknown dimension; it is None itself when the rank is unknown.
    """

    name: str
    dtype: str
    shape: Shape | None

    @cached_property
    def numpy(self) -> np.dtype[np.generic]:
        """The dtype of the arrays; strings are object arrays of bytes. InputMismatch: none fits."""
        return dtypes.of(self.dtype, self.name)

    @cached_property
    def kind(self) -> str:
        """``float``, ``int``, ``bool``, ``string`` or ``complex``."""
        return dtypes.kind(self.numpy)


@dataclass(frozen=True)
class Signature:
    """One signature of a model version; ``method`` is ``predict``, ``classify`` or ``regress``."""

    name: str
    method: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]

    @cached_property
    def dtypes(self) -> Mapping[str, str]:
        """TensorFlow's dtype name of each input."""
        return {name: spec.dtype for name, spec in self.inputs.items()}

    @cached_property
    def only(self) -> TensorSpec | None:
        """The input, when there is exactly one."""
        return next(iter(self.inputs.values())) if len(self.inputs) == 1 else None


Signatures = Mapping[str, Signature]  # of one model version


def select(signatures: Signatures, name: str | None, method: str = "predict") -> Signature:
    """The signature asked for; without a name ``serving_default``, or the only one there is.

    Any signature can be predicted with, as in TF Serving; ``classify`` and ``regress`` need their own.
    UnknownTarget: no such signature, or not one for this method.
    """
    found = signatures.get(name or DEFAULT)
    if found is None and name is None and len(signatures) == 1:
        found = next(iter(signatures.values()))
    if found is None:
        asked = f'signature "{name[:100]}"' if name else f'default signature "{DEFAULT}"'
        raise UnknownTarget(f"the model has no {asked}", hint=f"it has {_names(signatures)}")
    if method not in ("predict", found.method):
        fitting = {n: s for n, s in signatures.items() if s.method == method}
        raise UnknownTarget(
            f'signature "{found.name}" is for {found.method}, not for {method}',
            hint=f"for {method} there is {_names(fitting)}",
        )
    return found


def _names(signatures: Signatures) -> str:
    return ", ".join(f'"{name}"' for name in signatures) or "none"
