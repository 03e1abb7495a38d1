"""What a request body came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from neuronserve.payload.media import MediaType
from neuronserve.payload.signature import Signature

Array = np.ndarray[Any, Any]
Feature = list[bytes] | list[int] | list[float]


class Form(StrEnum):
    """How the request was laid out, which is how a JSON answer is."""

    ROW = "row"  # one entry per instance -> {"predictions": [...]}
    COLUMN = "column"  # one array per input -> {"outputs": ...}
    FREE = "free"  # npy, npz, raw bytes: rows where the outputs share a batch axis, else columns
    EXAMPLES = "examples"  # classify, regress -> {"results": ...}


@dataclass(frozen=True)
class Decoded:
    """The named arrays of a predict request (C-ordered, native, in the signature's dtypes and shapes).

    ``rows`` is their common first dimension, None without one. For classify and regress ``arrays`` is empty,
    ``examples`` has the features of each example, and ``context`` those that all share.
    """

    signature: Signature
    arrays: dict[str, Array]
    form: Form
    media: MediaType
    rows: int | None
    examples: list[Mapping[str, Feature]] | None = None
    context: Mapping[str, Feature] | None = None
