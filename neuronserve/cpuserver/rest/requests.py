"""The bodies of ``:predict``, ``:classify`` and ``:regress`` as messages."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.cpuserver.rest import reading
from neuronserve.cpuserver.rest.text import kind, parse, show
from neuronserve.cpuserver.status import StatusError, invalid
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import example_pb2

Infos = Mapping[str, Any]  # alias -> TensorInfo


class Form(enum.Enum):
    """How the body is laid out, and so the answer."""

    ROW = "predictions"
    COLUMN = "outputs"


def fill_predict(body: bytes, request: Any, inputs_of: Callable[[str], Infos]) -> Form:
    """Fill a PredictRequest; ``inputs_of`` gives a signature's inputs by its name ("" is the default)."""
    document = parse(body)
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


def _fill_signature(document: dict[str, Any], request: Any) -> None:
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {show(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    request.model_spec.signature_name = name


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not reading.is_base64(value)


def _rows(document: dict[str, Any], infos: Infos) -> dict[str, Array]:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise invalid(f"JSON Value: {show(document)} Excepting 'instances' to be an list/array")
    if not instances:
        raise invalid(f"JSON Value: {show(document)} No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(infos) > 1:
        raise invalid("instances is a plain list, but expecting list of objects as multiple input tensors "
                      "required as per tensorinfo_map")  # fmt: skip
    named = _is_named(instances[0])
    columns: dict[str, list[Array]] = {alias: [] for alias in infos}
    for at, instance in enumerate(instances):
        if named != _is_named(instance):
            expected, got = ("object", "list") if named else ("value/list", "object")
            raise invalid(f"Expecting {expected} but got {got} at item {at} of input list")
        row = instance if named else {next(iter(infos)): instance}
        _add_row(row, at, infos, columns, named=named)
    return {alias: np.stack(column) for alias, column in columns.items()}


def _add_row(
    row: dict[str, Any], at: int, infos: Infos, columns: dict[str, list[Array]], *, named: bool
) -> None:
    for alias, value in row.items():
        try:
            _add(alias, value, infos, columns)
        except StatusError as error:
            key = f" key: {alias}" if named else ""
            raise invalid(
                f"Failed to process element: {at}{key} of 'instances' list. Error: {error}"
            ) from error
    if set(row) != set(infos):
        raise invalid(
            f"Failed to process element: {at} of 'instances' list. JSON object: {show(row)} "
            f"keys must be equal to: {','.join(sorted(infos))}"
        )


def _add(alias: str, value: Any, infos: Infos, columns: dict[str, list[Array]]) -> None:
    if alias not in infos:
        raise invalid(f"JSON object: does not have named input: {alias}")
    array, column = reading.tensor(value, infos[alias].dtype), columns[alias]
    if column and column[0].size != array.size:
        raise invalid(f"Expecting tensor size: {column[0].size} but got: {array.size}")
    if column and column[0].shape != array.shape:
        raise invalid(f"Expecting shape {_bracketed(column[0])} but got: {_bracketed(array)}")
    column.append(array)


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
    document = parse(body)
    _fill_signature(document, request)
    examples = document.get("examples")
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {show(document)} When method is classify, key 'examples' is "
            "expected and was not found"
        )
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {show(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {show(document)} 'examples' value is an empty array")
    if "context" in document:
        target = request.input.example_list_with_context
        target.context.CopyFrom(_example(document["context"]))
    else:
        target = request.input.example_list
    for example in examples:
        target.examples.add().CopyFrom(_example(example))


def _example(value: Any) -> Any:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if isinstance(content, list) else [content]:
            _add_feature(name, item, feature)
    return example


def _add_feature(name: str, value: Any, feature: Any) -> None:
    """Add a value to a feature, all of whose values have one kind: int64, float or bytes."""
    if isinstance(value, str) or reading.is_base64(value):
        kind_of_list: str = "bytes_list"
        converted: Any = value.encode() if isinstance(value, str) else reading.from_base64(value)
    elif isinstance(value, int):
        kind_of_list, converted = "int64_list", int(value)
        if not -(2**63) <= converted < 2**63:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
    elif isinstance(value, float):
        kind_of_list, converted = "float_list", float(reading.tensor(value, 1))
    else:
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind(value)}")
    known = feature.WhichOneof("kind")
    if known not in (None, kind_of_list):
        raise invalid(
            f"Unexpected element type in feature: {name} expecting type: {known.removesuffix('_list')}"
        )
    getattr(feature, kind_of_list).value.append(converted)
