# ruff: noqa: INP001  a script, not a package
"""A model's own code, to be copied to ``code/inference.py`` beside the model.

It takes JSON and CSV, asks the model, and answers with the best class of each row. It runs in this container
and in AWS's TensorFlow Serving container alike: the types are for a type checker alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuronserve.handlers import Context, Data, Response


def input_handler(data: Data, context: Context) -> str:
    """The request as TensorFlow Serving's JSON.

    In this container it may also return a numpy array, or a dict of them by the inputs' names: then no JSON
    is made at all, and ``response.arrays`` has the outputs.
    """
    body = data.read().decode("utf-8")
    kind = context.request_content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return body
    if kind == "text/csv":
        rows = [[float(cell) for cell in line.split(",")] for line in body.splitlines() if line.strip()]
        return json.dumps({"instances": rows})
    raise ValueError(f"cannot read {context.request_content_type}")


def output_handler(response: Response, context: Context) -> tuple[str, str]:  # noqa: ARG001  the contract's
    """The answer's body and its content type."""
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    rows = response.json()["predictions"]
    best = [max(range(len(row)), key=row.__getitem__) for row in rows]
    return json.dumps({"classes": best}), "application/json"
