"""A quick look before parsing: most models have no NeuronOp, and graphs can be large."""

from __future__ import annotations

from pathlib import Path

FILES = ("saved_model.pb", "saved_model.pbtxt")  # in the order in which TensorFlow looks for them
OP = "NeuronOp"
COLUMNS = Path("assets.extra") / "csv_columns.json"  # see columns.py

_MARK = OP.encode()
_BLOCK = 1 << 20  # bytes read at once


def find(folder: Path) -> Path | None:
    """The model's file in a version folder."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def mentions_neuron(folder: Path) -> bool:
    """Whether the model in ``folder`` may hold NeuronOps; raises OSError when it cannot be read."""
    file = find(folder)
    if file is None:
        return False
    with file.open("rb") as stream:
        tail = b""
        while block := stream.read(_BLOCK):
            if _MARK in tail + block:
                return True
            tail = block[1 - len(_MARK) :]
    return False
