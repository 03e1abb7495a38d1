"""One prediction that is made in parts: the messages of its parts, and one answer from theirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np

from neuronserve.errors import MalformedBody, ModelFailed
from neuronserve.messages import predict_pb2
from neuronserve.modelserver import calls, tensors

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]


@dataclasses.dataclass(frozen=True)
class Requests(Sequence[bytes]):
    """A serialized PredictRequest for each of ``parts``, made when it is asked for and not kept.

    ``dtypes``: TensorFlow's name for each input. ``outputs``: those wanted; empty: all.
    """

    spec: calls.Spec
    parts: Sequence[Arrays]
    dtypes: Mapping[str, str]
    outputs: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.parts)

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return calls.predict_request(self.spec, self.parts[at], self.dtypes, self.outputs)


@dataclasses.dataclass(frozen=True)
class Own:
    """A client's own PredictRequest, addressed to the model that was chosen for it."""

    message: Any

    @property
    def signature(self) -> str:
        return str(self.message.model_spec.signature_name)

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(self.message.output_filter)

    @property
    def dtypes(self) -> Mapping[str, str]:
        return {name: tensors.dtype_name(proto.dtype) for name, proto in self.message.inputs.items()}

    def rows(self, inputs: Sequence[str]) -> int | None:
        """The first dimension of ``inputs``; None where they have none in common."""
        found: set[int | None] = set()
        for name in inputs:
            dims = self.message.inputs[name].tensor_shape.dim if name in self.message.inputs else ()
            found.add(dims[0].size if dims else None)
        return found.pop() if len(found) == 1 else None

    def arrays(self) -> dict[str, Array]:
        """The inputs. MalformedBody: one holds no such tensor as it says."""
        return {name: _array(name, proto) for name, proto in self.message.inputs.items()}

    def serialized(self) -> bytes:
        return bytes(self.message.SerializeToString())


def response(arrays: Arrays, spec: calls.Spec) -> bytes:
    """A serialized PredictResponse of ``spec``'s model, with typed fields."""
    made = predict_pb2.PredictResponse()
    spec.write(made.model_spec)
    for name, array in arrays.items():
        dtype = "string" if array.dtype == object else array.dtype.name
        tensors.fill_typed(made.outputs[name], array, dtype)
    return bytes(made.SerializeToString())


def typed(body: bytes) -> bytes:
    """A model server's PredictResponse with typed fields, which a client may be written for."""
    answer = predict_pb2.PredictResponse.FromString(body)
    dense = [name for name, proto in answer.outputs.items() if proto.tensor_content]
    for name in dense:
        proto = answer.outputs[name]
        try:
            array = tensors.read(proto)
        except ModelFailed:  # a dtype that has no typed field either
            continue
        dtype = tensors.dtype_name(proto.dtype)
        proto.Clear()
        tensors.fill_typed(proto, array, dtype)
    return bytes(answer.SerializeToString()) if dense else body


def _array(name: str, proto: Any) -> Array:
    where = f'input "{name[:100]}"'
    if proto.tensor_shape.unknown_rank or any(dim.size < 0 for dim in proto.tensor_shape.dim):
        raise MalformedBody(f"{where} has no certain shape")
    if proto.tensor_content and tensors.dtype_name(proto.dtype) == "string":
        raise MalformedBody(f"{where} has texts as tensor_content; send them as string_val")
    try:
        return tensors.read(proto)
    except ModelFailed:
        kind = tensors.dtype_name(proto.dtype)
        raise MalformedBody(f"{where} has dtype {kind}, which cannot be split into batches") from None
    except (ValueError, OverflowError) as fault:
        raise MalformedBody(f"{where} does not hold the values that its shape and dtype need") from fault
