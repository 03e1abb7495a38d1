"""The bodies of ``:predict``, ``:classify`` and ``:regress`` as messages."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.cpuserver.rest import reading
from neuronserve.cpuserver.rest.rapidjson import as_bytes, members, parse
from neuronserve.cpuserver.rest.text import kind, show
from neuronserve.cpuserver.status import StatusError, invalid
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import example_pb2

Infos = Mapping[str, Any]  # alias -> TensorInfo

_INT64 = (-(2**63), 2**63 - 1)
_UINT64_MAX = 2**64 - 1


class Form(enum.Enum):
    """How the body is laid out, and so the answer."""

    ROW = "predictions"
    COLUMN = "outputs"


def fill_predict(body: bytes, request: Any, inputs_of: Callable[[str], Infos]) -> Form:
    """Fill a PredictRequest; ``inputs_of`` gives a signature's inputs by its name ("" is the default)."""
    document = _document(body)
    _fill_signature(document, request)
    infos = inputs_of(request.model_spec.signature_name)
    if not infos:
        raise invalid(
            f"Failed to get input map for signature: {request.model_spec.signature_name or 'DEFAULT'}"
        )
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {show(document)} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist "
        )
    if "instances" in document:
        form, arrays = Form.ROW, _rows(document, infos)
    elif "inputs" in document:
        form, arrays = Form.COLUMN, _columns(document["inputs"], infos)
    else:
        raise invalid("Missing 'inputs' or 'instances' key")
    for alias, array in arrays.items():
        request.inputs[alias].CopyFrom(tensorproto.encode(array, infos[alias].dtype))
    return form


def _document(body: bytes) -> dict[str, Any]:
    """The object in a request's body."""
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    document = parse(body)
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {show(document)} Is not object")
    return document


def _fill_signature(document: dict[str, Any], request: Any) -> None:
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {show(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    request.model_spec.signature_name = _name(name)


def _name(text: str) -> str:
    """A name as a message can hold it: bytes that are no UTF-8 are replaced."""
    return as_bytes(text).decode("utf-8", "replace")


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not reading.is_base64(value)


def _rows(document: dict[str, Any], infos: Infos) -> dict[str, Array]:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise invalid(f"JSON Value: {show(document)} Expecting 'instances' to be an list/array")
    if not instances:
        raise invalid(f"JSON Value: {show(document)} No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(infos) > 1:
        raise invalid("instances is a plain list, but expecting list of objects as multiple input tensors "
                      "required as per tensorinfo_map")  # fmt: skip
    if _is_named(instances[0]):
        return _named_rows(instances, infos)
    alias, info = next(iter(infos.items()))
    try:
        return {alias: reading.tensor(instances, info.dtype)}
    except StatusError:  # row by row, it says in which of them
        return _plain_rows(instances, alias, infos)


def _plain_rows(instances: list[Any], alias: str, infos: Infos) -> dict[str, Array]:
    column: list[Array] = []
    for at, instance in enumerate(instances):
        if _is_named(instance):
            raise invalid(f"Expecting value/list but got object at item {at} of input list")
        try:
            _add(alias, instance, infos, column)
        except StatusError as error:
            raise invalid(f"Failed to process element: {at} of 'instances' list. Error: {error}") from error
    return {alias: _stacked(column, len(instances))}


def _named_rows(instances: list[Any], infos: Infos) -> dict[str, Array]:
    columns: dict[str, list[Array]] = {alias: [] for alias in infos}
    for at, instance in enumerate(instances):
        if not _is_named(instance):
            raise invalid(f"Expecting object but got list at item {at} of input list")
        for alias, value in members(instance):
            try:
                _add(alias, value, infos, columns.get(alias, []))
            except StatusError as error:
                raise invalid(
                    f"Failed to process element: {at} key: {alias} of 'instances' list. Error: {error}"
                ) from error
        if set(instance) != set(infos):
            raise invalid(
                f"Failed to process element: {at} of 'instances' list. JSON object: {show(instance)} "
                f"keys must be equal to: {','.join(sorted(infos))}"
            )
    return {alias: _stacked(column, len(instances)) for alias, column in columns.items()}


def _add(alias: str, value: Any, infos: Infos, column: list[Array]) -> None:
    if alias not in infos:
        raise invalid(f"JSON object: does not have named input: {alias}")
    array = reading.tensor(value, infos[alias].dtype)
    if column and column[0].size != array.size:
        raise invalid(f"Expecting tensor size: {column[0].size} but got: {array.size}")
    if column and column[0].shape != array.shape:
        raise invalid(f"Expecting shape {_bracketed(column[0])} but got: {_bracketed(array)}")
    column.append(array)


def _stacked(column: list[Array], rows: int) -> Array:
    """One array of all rows. A name that an instance repeats adds values, of which the first count."""
    shape = (rows, *column[0].shape)
    return np.concatenate([array.ravel() for array in column])[: math.prod(shape)].reshape(shape)


def _bracketed(array: Array) -> str:
    return f"[{','.join(map(str, array.shape))}]"


def _columns(value: Any, infos: Infos) -> dict[str, Array]:
    if not _is_named(value):
        if len(infos) > 1:
            raise invalid("inputs is a plain value/list, but expecting an object as multiple input tensors "
                          "required as per tensorinfo_map")  # fmt: skip
        alias, info = next(iter(infos.items()))
        return {alias: reading.tensor(value, info.dtype)}
    for alias in infos:
        if alias not in value:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: reading.tensor(value[alias], info.dtype) for alias, info in infos.items()}


def fill_examples(body: bytes, request: Any) -> None:
    """Fill a ClassificationRequest or RegressionRequest from ``examples`` and ``context``."""
    document = _document(body)
    _fill_signature(document, request)
    context = _example(document["context"]) if "context" in document else None
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {show(document)} When method is classify, key 'examples' is "
            "expected and was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {show(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {show(document)} 'examples' value is an empty array")
    if context is not None:
        target = request.input.example_list_with_context
        target.context.CopyFrom(context)
    else:
        target = request.input.example_list
    for example in examples:
        target.examples.add().CopyFrom(_example(example))


def _example(value: Any) -> Any:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind(value)}")
    example = example_pb2.Example()
    for name, content in members(value):  # of a repeated name the last counts
        feature = example_pb2.Example().features.feature[_name(name)]
        for item in content if isinstance(content, list) else [content]:
            _add_feature(name, item, feature)
        example.features.feature[_name(name)].CopyFrom(feature)
    return example


def _add_feature(name: str, value: Any, feature: Any) -> None:
    """Add a value to a feature, all of whose values have one kind: int64, float or bytes."""
    kind_of_list = _kind_of_list(value)
    if not kind_of_list:
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind(value)}")
    known = feature.WhichOneof("kind")
    if known not in (None, kind_of_list):
        raise invalid(
            f"Unexpected element type in feature: {name} expecting type: {known.removesuffix('_list')}"
        )
    if kind_of_list == "bytes_list":
        converted: Any = as_bytes(value) if isinstance(value, str) else reading.from_base64(value)
    elif kind_of_list == "float_list":
        converted = reading.tensor(reading.double(value), 1).item()
    elif value > _INT64[1]:
        raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    else:
        converted = int(value)
    getattr(feature, kind_of_list).value.append(converted)


def _kind_of_list(value: Any) -> str:
    """The list of a feature that a value goes into; "" for none. Integers beyond 64 bits are floats."""
    if isinstance(value, str) or reading.is_base64(value):
        return "bytes_list"
    if isinstance(value, float):
        return "float_list"
    if isinstance(value, int):
        return "int64_list" if _INT64[0] <= value <= _UINT64_MAX else "float_list"
    return ""
