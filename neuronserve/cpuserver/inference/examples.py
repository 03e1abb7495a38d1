"""Classify and Regress: ``tf.Example`` messages in, classes and scores or values out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.inference import signatures
from neuronserve.cpuserver.models.servable import Servable
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import invalid
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import classification_pb2, regression_pb2

_INPUTS, _CLASSES, _SCORES, _OUTPUTS = "inputs", "classes", "scores", "outputs"


def serialized(tensorflow_input: Any) -> Array:
    """The examples of an ``Input`` as a vector of serialized strings, each with the shared context."""
    kind = tensorflow_input.WhichOneof("kind")
    examples = getattr(tensorflow_input, kind).examples if kind else ()
    if not examples:
        raise invalid("Input is empty.")
    context = b""
    if kind == "example_list_with_context":
        context = tensorflow_input.example_list_with_context.context.SerializeToString()
    array = np.empty(len(examples), dtype=object)
    # serialized messages of one type, one after the other, are their union
    array[:] = [context + example.SerializeToString() for example in examples]
    return array


def count(tensorflow_input: Any) -> int:
    """How many examples an ``Input`` has."""
    kind = tensorflow_input.WhichOneof("kind")
    return len(getattr(tensorflow_input, kind).examples) if kind else 0


def signature_of(servable: Servable, model_spec: Any) -> Any:
    """The signature to classify or regress with; INVALID_ARGUMENT when there is none."""
    name = signatures.name_of(model_spec)
    if name not in servable.signatures:
        raise invalid(f"No signature was found with the name: {name}")
    return servable.signatures[name]


def edges(signature: Any, method: str, *, checked: bool) -> tuple[str, list[str]]:
    """Input tensor and output tensors of a classify or regress signature, by their names in the graph.

    ``checked``: its ``method_name`` must be ``method``, as before TensorFlow Serving 2.4.
    """
    kind = "classification" if method == signatures.CLASSIFY else "regression"
    if checked and signature.method_name != method:
        raise invalid(f"Expected {kind} signature method_name to be {method}. Was: {signature.method_name}")
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if _INPUTS not in signature.inputs:
        raise invalid(f"No {kind} inputs found in SignatureDef: {signature}")
    outputs = _class_outputs(signature) if method == signatures.CLASSIFY else _value_outputs(signature)
    return signature.inputs[_INPUTS].name, outputs


def _class_outputs(signature: Any) -> list[str]:
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    found = [signature.outputs[key].name for key in (_CLASSES, _SCORES) if key in signature.outputs]
    if not found:
        raise invalid(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {signature}'
        )
    return found


def _value_outputs(signature: Any) -> list[str]:
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if _OUTPUTS not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {signature}")
    return [signature.outputs[_OUTPUTS].name]


def classify(servable: Servable, request: Any, call: Call = Call()) -> Any:  # noqa: B008  frozen
    """Answer a ClassificationRequest."""
    response = classification_pb2.ClassificationResponse()
    return _answer(servable, request, response, signatures.CLASSIFY, fill_classes, call)


def regress(servable: Servable, request: Any, call: Call = Call()) -> Any:  # noqa: B008  frozen
    """Answer a RegressionRequest."""
    response = regression_pb2.RegressionResponse()
    return _answer(servable, request, response, signatures.REGRESS, fill_values, call)


def _answer(
    servable: Servable, request: Any, response: Any, method: str, fill: Callable[..., None], call: Call
) -> Any:
    """Run a signature of this method on the request's examples; ``fill`` writes the result."""
    signature = signature_of(servable, request.model_spec)
    source, wanted = edges(signature, method, checked=servable.checks_method_name)
    inputs = serialized(request.input)
    results = servable.run({source: (inputs, dtypes.STRING)}, wanted, call)
    fill(response.result, signature, dict(zip(wanted, results, strict=True)), len(inputs))
    signatures.fill(response.model_spec, request.model_spec, servable)
    return response


def fill_classes(result: Any, signature: Any, tensors: dict[str, Typed], rows: int) -> None:
    """A ClassificationResult from the tensors, which are ``[rows, classes]``, strings and floats."""
    labels = _matrix(signature, tensors, _CLASSES, dtypes.STRING, rows)
    scores = _matrix(signature, tensors, _SCORES, 1, rows)
    if labels is not None and scores is not None and labels.shape[1] != scores.shape[1]:
        raise invalid(
            "Tensors class and score should match in dim_size(1). "
            f"Got {labels.shape[1]} vs. {scores.shape[1]}"
        )
    columns = next(matrix.shape[1] for matrix in (labels, scores) if matrix is not None)
    for row in range(rows):
        classes = result.classifications.add().classes
        for column in range(columns):
            entry = classes.add()
            if labels is not None:
                entry.label = labels[row, column].decode(errors="replace")
            if scores is not None:
                entry.score = scores[row, column]


def _matrix(signature: Any, tensors: dict[str, Typed], key: str, dtype: int, rows: int) -> Array | None:
    if key not in signature.outputs:
        return None
    array, found = tensors[signature.outputs[key].name]
    if array.ndim != 2:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {list(array.shape)}")
    if found != dtype:
        raise invalid(f"Expected {key} Tensor of {dtypes.enum_name(dtype)}. Got: {dtypes.enum_name(found)}")
    if len(array) != rows:
        raise invalid(f"Expected {key} output batch size of {rows}. Got: {len(array)}")
    return array


def fill_values(result: Any, signature: Any, tensors: dict[str, Typed], rows: int) -> None:
    """A RegressionResult from the tensor, floats of shape ``[rows]`` or ``[rows, 1]``."""
    array, dtype = tensors[signature.outputs[_OUTPUTS].name]
    if not (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{list(array.shape)}"
        )
    if len(array) != rows:
        raise invalid(f"Input batch size did not match output batch size: {rows} vs. {len(array)}")
    if dtype != 1:
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {dtypes.enum_name(dtype)}")
    for value in array.ravel():
        result.regressions.add(value=value)
