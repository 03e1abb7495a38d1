"""What is said to a model server: requests built from arrays, answers read into arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from neuronserve.errors import BodyTooLarge, InputMismatch, MalformedBody
from neuronserve.messages import (
    classification_pb2,
    example_pb2,
    get_model_metadata_pb2,
    predict_pb2,
    regression_pb2,
)
from neuronserve.modelserver import tensors

Array = np.ndarray[Any, Any]
LARGEST = (1 << 31) - (1 << 20)  # bytes: protobuf's 2 GiB, less what names and shapes may need


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """Which servable is meant; no version means the latest."""

    model: str
    version: int | None = None
    signature: str = ""

    def write(self, proto: Any) -> None:
        """Put it into a ModelSpec."""
        proto.name = self.model
        if self.version is not None:
            proto.version.value = self.version
        if self.signature:
            proto.signature_name = self.signature


class TensorInfo(NamedTuple):
    """A TensorInfo of meta_graph.proto: TensorFlow's ``dtype``, and the declared ``shape``.

    ``shape`` is None when the rank is unknown, which an absent ``tensor_shape`` means too. ``composite`` is
    ``sparse`` or ``composite`` for a tensor of several parts, which one TensorProto cannot carry; else "".
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    composite: str


@dataclasses.dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A signature as the model server tells it. ``method`` is ``predict``, ``classify`` or ``regress``.

    Inputs and outputs are in the order of their names: a protobuf map has none of its own.
    """

    method: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


def predict_request(
    spec: Spec, arrays: Mapping[str, Array], dtypes: Mapping[str, str], outputs: Sequence[str] = ()
) -> bytes:
    """``dtypes``: TensorFlow's name for each input. ``outputs``: those wanted; empty: all.

    BodyTooLarge: there is more in it than one message can hold.
    """
    size = sum(map(_size, arrays.values()))
    if size > LARGEST:
        raise BodyTooLarge(
            f"the inputs have {size} bytes; one call of the model takes at most {LARGEST}",
            hint="send fewer rows at a time",
        )
    request = predict_pb2.PredictRequest()
    spec.write(request.model_spec)
    if outputs:
        request.output_filter.extend(outputs)
    for name, array in arrays.items():
        tensors.fill(request.inputs[name], array, dtypes[name])
    return bytes(request.SerializeToString())


_REQUESTS = {
    "predict": predict_pb2.PredictRequest,
    "classify": classification_pb2.ClassificationRequest,
    "regress": regression_pb2.RegressionRequest,
}


def readdressed(method: str, body: bytes, spec: Spec, limit: int) -> tuple[bytes, str]:
    """A client's own message, sent to ``spec``'s model; and the signature it names. As ``addressed``."""
    request = addressed(method, body, spec, limit)
    return bytes(request.SerializeToString()), request.model_spec.signature_name


def addressed(method: str, body: bytes, spec: Spec, limit: int) -> Any:
    """A client's own message, made out to ``spec``'s model.

    MalformedBody: the bytes are no such message, or one with a tensor that cannot be. BodyTooLarge: an input
    unfolds to more than ``limit`` bytes, which the model server would have to find memory for.
    """
    request = _REQUESTS[method]()
    try:
        request.ParseFromString(body)
    except DecodeError as fault:  # its own text says nothing that a client could use
        name = request.DESCRIPTOR.full_name
        raise MalformedBody(f"the body is not a serialized {name}") from fault
    for name, proto in request.inputs.items() if method == "predict" else ():
        if wrong := tensors.fault_of(proto):
            raise MalformedBody(f'input "{name[:100]}" {wrong}')
        if tensors.unfolds_beyond(proto, limit):
            raise BodyTooLarge(f'input "{name[:100]}" unfolds to more than {limit} bytes')
    signature = spec.signature or request.model_spec.signature_name
    request.model_spec.Clear()
    dataclasses.replace(spec, signature=signature).write(request.model_spec)
    return request


def target_of(method: str, body: bytes) -> tuple[str, int | None]:
    """The model and version that a client's own message names; ``("", None)`` for none."""
    try:
        spec = _REQUESTS[method].FromString(body).model_spec
    except DecodeError:
        return "", None  # readdressed() says what is wrong with it
    return spec.name, spec.version.value if spec.HasField("version") else None


def predict_response(body: bytes) -> tuple[dict[str, Array], int | None]:
    """The outputs in the order of their names, and the version that answered."""
    response = predict_pb2.PredictResponse.FromString(body)
    version = response.model_spec.version.value if response.model_spec.HasField("version") else None
    return {name: tensors.read(proto) for name, proto in sorted(response.outputs.items())}, version


def metadata_request(spec: Spec) -> bytes:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    spec.write(request.model_spec)
    return bytes(request.SerializeToString())


def metadata_response(body: bytes) -> tuple[dict[str, SignatureInfo], int | None]:
    """The signatures by name, and the version they belong to."""
    response = get_model_metadata_pb2.GetModelMetadataResponse.FromString(body)
    found = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(found)
    version = response.model_spec.version.value if response.model_spec.HasField("version") else None
    return {name: _signature(proto) for name, proto in sorted(found.signature_def.items())}, version


def example_request(
    method: str, spec: Spec, examples: Iterable[Mapping[str, Any]], context: Mapping[str, Any] | None
) -> bytes:
    """A ClassificationRequest or RegressionRequest from examples of plain values."""
    request = _REQUESTS[method]()
    spec.write(request.model_spec)
    made = [_example(values, f"example {i}") for i, values in enumerate(examples)]
    if context:
        request.input.example_list_with_context.examples.extend(made)
        request.input.example_list_with_context.context.CopyFrom(_example(context, "context"))
    else:
        request.input.example_list.examples.extend(made)
    return bytes(request.SerializeToString())


def example_response(method: str, body: bytes) -> tuple[list[Any], int | None]:
    """TF Serving's JSON ``results``: per example ``[(label, score), ...]``, or one number."""
    if method == "classify":
        response = classification_pb2.ClassificationResponse.FromString(body)
        results: list[Any] = [
            [(c.label, c.score) for c in row.classes] for row in response.result.classifications
        ]
    else:
        response = regression_pb2.RegressionResponse.FromString(body)
        results = [row.value for row in response.result.regressions]
    version = response.model_spec.version.value if response.model_spec.HasField("version") else None
    return results, version


def _signature(proto: Any) -> SignatureInfo:
    """TensorFlow Serving checks ``method_name`` no more since 2.4: what it does not know is for Predict."""
    method = proto.method_name.rpartition("/")[2]
    return SignatureInfo(
        method if method in _REQUESTS else "predict", _tensors(proto.inputs), _tensors(proto.outputs)
    )


def _tensors(infos: Mapping[str, Any]) -> dict[str, TensorInfo]:
    return {name: _tensor(info) for name, info in sorted(infos.items())}


def _tensor(info: Any) -> TensorInfo:
    shape = tensors.shape_of(info.tensor_shape) if info.HasField("tensor_shape") else None
    composite = _COMPOSITE.get(info.WhichOneof("encoding") or "", "")
    return TensorInfo(tensors.dtype_name(info.dtype), shape, composite)


_COMPOSITE = {"coo_sparse": "sparse", "composite_tensor": "composite"}


def _size(array: Array) -> int:
    return array.nbytes if array.dtype != object else sum(map(len, array.ravel()))


def _example(values: Mapping[str, Any], where: str) -> Any:
    example = example_pb2.Example()
    for name, value in values.items():
        many = value if isinstance(value, list) else [value]
        _feature(example.features.feature[name], many, f"{where}, feature {name[:100]!r}")
    return example


def _feature(feature: Any, values: Sequence[Any], where: str) -> None:
    """The kind of a feature follows its values: whole numbers, numbers, or text and bytes."""
    if all(isinstance(v, (str, bytes)) for v in values):
        feature.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in values)
    elif any(isinstance(v, (str, bytes, bool)) or not isinstance(v, (int, float)) for v in values):
        raise InputMismatch(f"{where}: expected numbers, or texts, all of one kind")
    elif all(isinstance(v, int) for v in values):
        try:
            feature.int64_list.value.extend(values)
        except ValueError as fault:
            raise InputMismatch(f"{where}: a whole number is outside of int64") from fault
    else:
        feature.float_list.value.extend(values)
