"""Predict: named tensors in, named tensors out."""

from __future__ import annotations

from typing import Any

from neuronserve.cpuserver import tensorproto
from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.inference import signatures
from neuronserve.cpuserver.models.servable import Servable
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, StatusError, invalid, precondition
from neuronserve.messages import predict_pb2

_METHODS = (signatures.PREDICT, signatures.CLASSIFY, signatures.REGRESS)


def predict(servable: Servable, request: Any, call: Call = Call()) -> Any:  # noqa: B008  frozen
    """Answer a PredictRequest with a PredictResponse; StatusError with TF Serving's codes and texts."""
    response = predict_pb2.PredictResponse()
    signatures.fill(response.model_spec, request.model_spec, servable)
    signature = signature_of(servable, request.model_spec)
    feeds = _feeds(signature, request.inputs)
    aliases = _aliases(signature, request.output_filter)
    results = servable.run(feeds, [signature.outputs[alias].name for alias in aliases], call)
    for alias, (array, dtype) in zip(aliases, results, strict=True):
        response.outputs[alias].CopyFrom(tensorproto.encode(array, dtype, content=call.tensor_content))
    return response


def signature_of(servable: Servable, model_spec: Any) -> Any:
    """The signature to predict with; FAILED_PRECONDITION when the model has none of that name."""
    name = signatures.name_of(model_spec)
    if name not in servable.signatures:
        raise precondition(f'Serving signature key "{name}" not found.')
    signature = servable.signatures[name]
    if servable.checks_method_name and signature.method_name not in _METHODS:
        raise StatusError(
            Code.INTERNAL,
            f"Expected prediction signature method_name to be one of {{{', '.join(_METHODS)}}}. "
            f"Was: {signature.method_name}",
        )
    return signature


def _feeds(signature: Any, inputs: Any) -> dict[str, Typed]:
    """The tensors to feed, by their names in the graph; absent ones from the signature's defaults."""
    _check_names(signature, inputs)
    feeds: dict[str, Typed] = {}
    for alias, info in signature.inputs.items():
        proto = inputs[alias] if alias in inputs else signature.defaults[alias]
        feeds[info.name] = (tensorproto.decode(proto, alias), proto.dtype)
    return feeds


def _check_names(signature: Any, inputs: Any) -> None:
    expected, sent = set(signature.inputs), set(inputs)
    missing, extra = expected - sent - set(signature.defaults), sent - expected
    if len(sent) > len(expected) or (missing and not extra):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(expected)} "
            f"len({{{signatures.listed(sent)}}}) != len({{{signatures.listed(expected)}}}). "
            f"Sent extra: {{{signatures.listed(extra)}}}. "
            f"Missing but required: {{{signatures.listed(missing)}}}."
        )
    if extra:
        raise invalid(
            f"input tensor alias not found in signature: {signatures.listed(extra)}. "
            f"Inputs expected to be in the set {{{signatures.listed(expected)}}}."
        )


def _aliases(signature: Any, output_filter: Any) -> list[str]:
    """The outputs asked for, all of them when the filter is empty."""
    for at, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{{{signatures.listed(signature.outputs)}}}."
            )
        if alias in output_filter[:at]:
            raise invalid(f"duplicate output tensor alias: {alias}")
    return list(output_filter) or sorted(signature.outputs)
