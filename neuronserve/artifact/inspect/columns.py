"""``assets.extra/csv_columns.json``: the order in which CSV without a header has a model's inputs.

A signature's inputs are a protobuf map, which has no order. So columns are bound to the inputs in the order
of their names, unless the model says otherwise here: an object of signature names, each with the list of its
inputs' names, such as ``{"serving_default": ["age", "height", "weight"]}``. ``assets.extra`` is the folder of
a SavedModel for what TensorFlow itself does not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.artifact.inspect import savedmodel, scan
from neuronserve.artifact.members import shown
from neuronserve.errors import DamagedModel

_MOST = 4 << 20  # bytes: a million columns with short names
_FORM = 'write {"serving_default": ["first_input", "second_input", ...]}'


def read(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """By signature; empty without the file. DamagedModel: it names other inputs than the signature has."""
    file = folder / scan.COLUMNS
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise DamagedModel(f"{file} cannot be read: {error.strerror or error}", hint=_FORM) from error
    if len(content) > _MOST:
        raise DamagedModel(f"{file} has more than {_MOST:,} bytes", hint=_FORM)
    try:
        orders = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedModel(f"{file} is not JSON: {error}", hint=_FORM) from error
    if not isinstance(orders, dict) or not all(map(_is_names, orders.values())):
        raise DamagedModel(f"{file} is no object of lists of input names", hint=_FORM)
    meta_graph, _ = savedmodel.graph_of(savedmodel.read(folder), folder)
    for signature, names in orders.items():
        _check(file, signature, names, meta_graph.signature_def)
    return {signature: tuple(names) for signature, names in orders.items()}


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _check(file: Path, signature: str, names: list[str], signatures: Mapping[str, Any]) -> None:
    if signature not in signatures:
        known = ", ".join(f'"{name}"' for name in sorted(signatures)) or "none"
        raise DamagedModel(f"{file}: the model has no signature {shown(signature)}", hint=f"it has {known}")
    inputs = sorted(signatures[signature].inputs)
    if sorted(names) != inputs:
        known = ", ".join(f'"{name}"' for name in inputs) or "none"
        raise DamagedModel(
            f"{file}: the columns of signature {shown(signature)} are not its inputs, each once",
            hint=f"its inputs are {known}",
        )
