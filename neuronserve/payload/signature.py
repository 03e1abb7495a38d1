"""What a model version takes and gives: the values the codecs work from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neuronserve.errors import InputMismatch, UnknownTarget
from neuronserve.payload import dtypes

DEFAULT = "serving_default"
INITIALISES = "__saved_model_init_op"  # a signature that TensorFlow 2 adds, and that is none to call
Shape = tuple[int | None, ...]
Infos = Mapping[str, tuple[str, Shape | None, str]]  # by name: dtype, shape, composite


@dataclass(frozen=True)
class TensorSpec:
    """One input or output. ``dtype`` is TensorFlow's lower-case name (``float32``, ``string``, ...).

    ``shape`` is as declared: it holds None for an unknown dimension, and is None itself when the rank is
    unknown. ``composite`` is ``sparse`` or ``composite`` for a tensor of several parts, else "".
    ``compiled``: the shape was compiled in, so that an array of another shape cannot be run. What an
    uncompiled model declares, TensorFlow Serving does not check either: there the graph decides.
    """

    name: str
    dtype: str
    shape: Shape | None
    composite: str = ""
    compiled: bool = False

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
    """One signature of a model version; ``method`` is ``predict``, ``classify`` or ``regress``.

    ``inputs`` and ``outputs`` are in the order of their names. ``columns``: the inputs in the order that CSV
    without a header has them: by name too, unless the model says otherwise.
    """

    name: str
    method: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    columns: tuple[str, ...] = ()

    @classmethod
    def declared(
        cls, name: str, method: str, inputs: Infos, outputs: Infos, columns: Sequence[str] = ()
    ) -> Signature:
        """From what the model server tells of each tensor: dtype, shape, and whether it is composite.

        ``columns`` that are not exactly the inputs' names are left out of account.
        """
        order = tuple(columns) if sorted(columns) == sorted(inputs) else tuple(sorted(inputs))
        return cls(name, method, _specs(inputs), _specs(outputs), order)

    @cached_property
    def composite(self) -> Mapping[str, str]:
        """The inputs and outputs that no request and no answer can carry, and what they are."""
        both = (*self.inputs.values(), *self.outputs.values())
        return {spec.name: spec.composite for spec in both if spec.composite}

    @cached_property
    def dtypes(self) -> Mapping[str, str]:
        """TensorFlow's dtype name of each input."""
        return {name: spec.dtype for name, spec in self.inputs.items()}

    @cached_property
    def only(self) -> TensorSpec | None:
        """The input, when there is exactly one."""
        return next(iter(self.inputs.values())) if len(self.inputs) == 1 else None


Signatures = Mapping[str, Signature]  # of one model version


def _specs(infos: Infos) -> dict[str, TensorSpec]:
    return {name: TensorSpec(name, *infos[name]) for name in sorted(infos)}


def select(signatures: Signatures, name: str | None, *, dense: bool = True) -> Signature:
    """The signature asked for; without a name ``serving_default``, or the only one there is.

    Any signature can be called by any method, as in TensorFlow Serving, which checks ``method_name`` no more
    since 2.4: whether it has what Classify or Regress needs, the model server says.
    UnknownTarget: no such signature. InputMismatch, where it has to be ``dense``: one with a sparse, ragged
    or other composite tensor.
    """
    found = signatures.get(name or DEFAULT)
    if found is None and name is None:
        found = _single(signatures)
    if found is None:
        asked = f'signature "{name[:100]}"' if name else f'default signature "{DEFAULT}"'
        raise UnknownTarget(f"the model has no {asked}", hint=f"it has {_names(signatures)}")
    if dense and found.composite:
        raise _not_dense(found, signatures)
    return found


def _single(signatures: Signatures) -> Signature | None:
    others = [one for name, one in signatures.items() if name != INITIALISES]
    return others[0] if len(others) == 1 else None


def _not_dense(found: Signature, signatures: Signatures) -> InputMismatch:
    parts = ", ".join(f'"{name}" ({what})' for name, what in found.composite.items())
    dense = {name: one for name, one in signatures.items() if not one.composite}
    return InputMismatch(
        f'signature "{found.name}" cannot be called: {parts} consists of several tensors, and TensorFlow '
        "Serving takes and gives dense ones alone",
        hint=f"dense signatures: {_names(dense)}",
    )


def _names(signatures: Signatures) -> str:
    return ", ".join(f'"{name}"' for name in signatures if name != INITIALISES) or "none"
