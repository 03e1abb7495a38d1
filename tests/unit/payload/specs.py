"""Signatures for tests: ``signatures(x=("float32", (None, 3)))``."""

from __future__ import annotations

from neuronserve.payload.signature import Shape, Signature, Signatures, TensorSpec

OUTPUTS = {"y": TensorSpec("y", "float32", (None, None))}


def signatures(*, compiled: bool = True, **inputs: tuple[str, Shape | None]) -> Signatures:
    """``compiled``: no other shapes can be run; else the declared ones only tell how a body is meant."""
    named = {
        name: TensorSpec(name, dtype, shape, compiled=compiled) for name, (dtype, shape) in inputs.items()
    }
    return {"serving_default": Signature("serving_default", "predict", named, OUTPUTS, tuple(named))}


def outputs(**dtypes: str) -> Signature:
    specs = {name: TensorSpec(name, dtype, None) for name, dtype in dtypes.items()}
    return Signature("serving_default", "predict", {}, specs)


THREE = signatures(x=("float32", (None, 3)))
"""One input of three floats, a batch."""
TWO = signatures(a=("float32", (None, 2)), b=("int64", (None,)))
"""Two inputs."""
