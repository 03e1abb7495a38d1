"""Raw bytes and images: the whole body is one string."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch
from neuronserve.payload import jsonforms, shapes
from neuronserve.payload.signature import Signature


def read(body: bytes | bytearray | memoryview, signature: Signature) -> dict[str, np.ndarray[Any, Any]]:
    """A batch of one; a scalar where the signature takes a scalar.

    InputMismatch: the signature has not exactly one input, of strings.
    """
    spec = signature.only
    if spec is None or spec.kind != "string":
        raise InputMismatch(
            "raw bytes and images go into a signature with one string input", hint=jsonforms.wanted(signature)
        )
    array = np.empty(() if spec.shape == () else (1,) * len(spec.shape or (1,)), object)
    array[...] = bytes(body)
    return {spec.name: shapes.check(array, spec)}
