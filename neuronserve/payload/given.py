"""Arrays that a model's own code made, instead of a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.payload import jsonforms, shapes
from neuronserve.payload.cast import cast
from neuronserve.payload.decoded import Decoded, Form
from neuronserve.payload.media import MediaType
from neuronserve.payload.signature import Signatures, select

Array = np.ndarray[Any, Any]
WHERE = "what input_handler returned"


def decoded(
    given: Array | Mapping[str, Array], signatures: Signatures, name: str | None, media: MediaType
) -> Decoded:
    """As ``decode``; the first axis of each array is the batch already. A single array may have any name.

    ``media``: how the answer is written where it is. InputMismatch, UnknownTarget.
    """
    signature = select(signatures, name)
    if isinstance(given, np.ndarray):
        given = {jsonforms.single(signature).name: given}
    elif signature.only and len(given) == 1:
        given = {signature.only.name: next(iter(given.values()))}
    specs = jsonforms.named(given, signature, WHERE)
    arrays = {name: shapes.check(cast(given[name], spec), spec) for name, spec in specs.items()}
    return Decoded(signature, arrays, Form.FREE, media, shapes.rows(arrays))
