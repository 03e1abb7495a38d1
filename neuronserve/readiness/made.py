"""Requests made from a signature: zeros, empty strings and False, of the shape that it tells.

A tensor without values is one of zeros: TensorFlow fills what a ``TensorProto`` of a given shape leaves out
(``Tensor::FromProto`` in tensor.cc). So such a request has some fifty bytes, whatever its shape.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from neuronserve.compiled import SignatureBatch
from neuronserve.errors import InputMismatch
from neuronserve.messages import predict_pb2
from neuronserve.modelserver import tensors
from neuronserve.modelserver.client import PREDICT
from neuronserve.payload import Signature, Signatures, TensorSpec
from neuronserve.payload.signature import INITIALISES
from neuronserve.readiness.interview import Question
from neuronserve.readiness.subject import Subject

_LARGEST = 64 << 20  # bytes that the inputs of a made-up request may come to in the model server


def predictable(signatures: Signatures) -> Iterator[Signature]:
    """Those that a request can be made for."""
    for name, signature in sorted(signatures.items()):
        plain = signature.method == "predict" and signature.inputs and not signature.composite
        if plain and name != INITIALISES:
            yield signature


def composite(signatures: Signatures) -> Iterator[str]:
    """A sentence about each signature that cannot be called, because a tensor of it is not dense."""
    for name, signature in sorted(signatures.items()):
        if signature.composite:
            parts = ", ".join(f'"{key}"' for key in signature.composite)
            yield (
                f'signature "{name}" is not served: {parts} is a sparse, ragged or other composite tensor, '
                "and TensorFlow Serving takes and gives dense ones alone"
            )


def made(subject: Subject, signature: Signature) -> Question:
    """One compiled batch of nothings, or one row. InputMismatch: a dtype or a size that cannot be made."""
    batch = subject.batch(signature.name)
    request = predict_pb2.PredictRequest()
    subject.spec(signature.name).write(request.model_spec)
    total = 0
    for name, spec in signature.inputs.items():
        shape = _shape(spec, batch)
        total += math.prod(shape) * spec.numpy.itemsize
        if total > _LARGEST:
            raise InputMismatch(
                f'signature "{signature.name}" takes more than {_LARGEST >> 20} MiB at once',
                hint="put warm-up requests into the model",
            )
        request.inputs[name].dtype = tensors.dtype_enum(spec.dtype)
        request.inputs[name].tensor_shape.SetInParent()
        for size in shape:
            request.inputs[name].tensor_shape.dim.add(size=size)
    return Question(PREDICT, bytes(request.SerializeToString()))


def _shape(spec: TensorSpec, batch: SignatureBatch | None) -> tuple[int, ...]:
    """Unknown dimensions are 1; an unknown rank is taken for a plain batch, which is a guess."""
    shape = tuple(1 if size is None else size for size in (spec.shape if spec.shape is not None else (None,)))
    if batch and shape and spec.name in batch.inputs:
        return (batch.size, *shape[1:])
    return shape
