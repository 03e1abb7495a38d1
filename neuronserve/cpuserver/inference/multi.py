"""MultiInference: several classify and regress signatures over the same examples, in one run."""

from __future__ import annotations

from typing import Any

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.inference import examples, signatures
from neuronserve.cpuserver.models.servable import Servable
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.messages import inference_pb2

_METHODS = (signatures.CLASSIFY, signatures.REGRESS)


def infer(servable: Servable, request: Any, call: Call = Call()) -> Any:  # noqa: B008  frozen
    """Answer a MultiInferenceRequest, whose tasks are signatures of one model.

    Each input tensor of theirs is fed the same examples: signatures that ``tf.saved_model.save`` wrote have
    one each (multi_inference.cc).
    """
    _check_tasks(request.tasks)
    sources, wanted = _plan(servable, request.tasks)
    inputs = examples.serialized(request.input)
    results = servable.run(dict.fromkeys(sources, (inputs, dtypes.STRING)), wanted, call)
    tensors = dict(zip(wanted, results, strict=True))
    response = inference_pb2.MultiInferenceResponse()
    for task in request.tasks:
        _fill(response.results.add(), task, servable, tensors, len(inputs))
    return response


def model_spec_of(request: Any) -> Any:
    """The model that the request is for: that of its first task."""
    if not request.tasks:
        raise invalid("Inference request must have at least one task")
    return request.tasks[0].model_spec


def _check_tasks(tasks: Any) -> None:
    seen: set[str] = set()
    for task in tasks:
        name = signatures.name_of(task.model_spec)
        if not task.model_spec.name:
            raise invalid("Found ModelSpec with an empty model name.")
        if task.model_spec.name != tasks[0].model_spec.name:
            raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        if name in seen:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if task.method_name not in _METHODS:
            raise StatusError(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")
        seen.add(name)


def _plan(servable: Servable, tasks: Any) -> tuple[list[str], list[str]]:
    """All input tensors, and all output tensors, by their names in the graph."""
    sources, wanted = set(), set()
    for task in tasks:
        name = signatures.name_of(task.model_spec)
        if name not in servable.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        source, outputs = examples.edges(
            servable.signatures[name], task.method_name, checked=servable.checks_method_name
        )
        sources.add(source)
        wanted.update(outputs)
    return sorted(sources), sorted(wanted)


def _fill(result: Any, task: Any, servable: Servable, tensors: dict[str, Typed], rows: int) -> None:
    signature = servable.signatures[signatures.name_of(task.model_spec)]
    if task.method_name == signatures.CLASSIFY:
        examples.fill_classes(result.classification_result, signature, tensors, rows)
    else:
        examples.fill_values(result.regression_result, signature, tensors, rows)
    signatures.fill(result.model_spec, task.model_spec, servable)
