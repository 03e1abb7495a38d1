"""The forms of a JSON request, told apart by what the parse found.

============================================  =================================================
``{"instances": [...]}``                      row: one entry per instance (TF Serving)
``{"inputs": ...}``                           column: one array per input (TF Serving)
``{"examples": [...], "context": {...}}``     classify, regress (TF Serving)
``[1, 2, 5]``                                 one instance
``[[1, 2, 5], [3, 4, 6]]``                    many instances; so is a list of objects
``{"x": [1, 2], "y": 3}``                     one instance, its inputs by name
several documents after each other            JSON lines: one instance each
============================================  =================================================

A single input can do without its name everywhere; ``signature_name`` may stand beside the first three.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import nested, shapes
from neuronserve.payload.decoded import Form
from neuronserve.payload.signature import Signature, Signatures, TensorSpec, select

_MOST_FAULTS = 10  # that one message names
_KEYS = ("instances", "inputs", "signature_name")
_NEAR = 0.8  # how alike a misspelled key is: "instance", "input", "Instances", "signature-name"
Arrays = dict[str, np.ndarray[Any, Any]]
Result = tuple[Signature, Form, Arrays]


def read(documents: list[Any], signatures: Signatures, asked: str | None) -> Result:
    """The arrays of a predict request.

    MalformedBody, InputMismatch, UnknownTarget: with the place in the body.
    """
    if len(documents) > 1:
        signature = select(signatures, asked)
        _no_requests(documents, signature)
        return signature, Form.ROW, _instances(documents, signature)
    (document,) = documents
    if type(document) is dict and ("instances" in document or "inputs" in document):
        return _tf_serving(document, signatures, asked)
    signature = select(signatures, asked)
    return signature, Form.ROW, _bare(document, signature)


def signature_name(document: Mapping[str, Any], asked: str | None) -> str | None:
    """The body's ``signature_name``, which may not contradict the header's."""
    name = document.get("signature_name")
    if name is None or name == "":
        return asked
    if type(name) is not str:
        raise MalformedBody('"signature_name" is not a string')
    if asked and name != asked:
        raise MalformedBody(
            f'the body asks for signature "{name[:100]}", the custom attributes for "{asked}"'
        )
    return name


def _tf_serving(document: dict[str, Any], signatures: Signatures, asked: str | None) -> Result:
    if "instances" in document and "inputs" in document:
        raise MalformedBody('the body has both "instances" and "inputs"', hint="send one of them")
    signature = select(signatures, signature_name(document, asked))
    if "inputs" in document:
        return signature, Form.COLUMN, _columns(document["inputs"], signature)
    instances = document["instances"]
    if type(instances) is not list:
        raise MalformedBody('"instances" is not a list', hint='one instance is {"instances": [x]}')
    return signature, Form.ROW, _instances(instances, signature)


def _columns(inputs: Any, signature: Signature) -> Arrays:
    if _by_name(inputs, signature):
        specs = named(inputs, signature, "inputs", others=True)
        return {n: shapes.check(nested.array(inputs[n], spec), spec) for n, spec in specs.items()}
    spec = single(signature)
    return {spec.name: shapes.check(nested.array(inputs, spec), spec)}


def _instances(instances: list[Any], signature: Signature) -> Arrays:
    if not any(type(item) is dict and _by_name(item, signature) for item in instances):
        if not instances:
            return {n: shapes.check(nested.array([], spec), spec) for n, spec in signature.inputs.items()}
        spec = single(signature)
        return {spec.name: shapes.check(nested.array(instances, spec), spec)}
    for i, item in enumerate(instances):
        if not _by_name(item, signature):
            raise MalformedBody(f"instances[{i}] is no object with inputs by name, as others are")
        named(item, signature, f"instances[{i}]", element=i)
    return {
        n: shapes.check(nested.array([item[n] for item in instances], spec), spec)
        for n, spec in signature.inputs.items()
    }


def _bare(document: Any, signature: Signature) -> Arrays:
    if type(document) is dict and "examples" in document and "examples" not in signature.inputs:
        raise MalformedBody(
            '"examples" are for classify and regress, and this is predict',
            hint="send X-Amzn-SageMaker-Custom-Attributes: tfs-method=classify, or tfs-method=regress",
        )
    if _by_name(document, signature):
        specs = named(document, signature, "the object", element=0, hint=_request(document))
        return {n: shapes.batch(nested.array(document[n], spec), spec, one=True) for n, spec in specs.items()}
    if type(document) is list and document and _by_name(document[0], signature):
        return _instances(document, signature)
    spec = single(signature)
    many = type(document) is list and (not document or type(document[0]) is list)
    return {spec.name: shapes.batch(nested.array(document, spec), spec, one=not many)}


def _request(document: Mapping[str, Any]) -> str:
    """What a request looks like, for an object that is neither one nor an instance."""
    form = 'a request is {"instances": [...]} (rows) or {"inputs": ...} (columns), or one instance by name'
    for key in document:
        near = difflib.get_close_matches(key[:100].lower().replace("-", "_"), _KEYS, 1, _NEAR)
        if near and key not in _KEYS:
            return f'did you mean "{near[0]}" by "{key[:100]}"? {form}'
    return form


def _by_name(value: Any, signature: Signature) -> bool:
    """Whether ``value`` holds inputs by name; ``{"b64": ...}`` is a value itself where a string goes."""
    if type(value) is not dict:
        return False
    only = signature.only
    return not (only and only.kind == "string" and nested.is_b64(value))


def named(
    value: Mapping[str, Any],
    signature: Signature,
    where: str,
    *,
    others: bool = False,
    element: int | None = None,
    hint: str = "",
) -> Mapping[str, TensorSpec]:
    """The signature's inputs, when ``value`` has exactly these keys, or with ``others`` at least these.

    ``element``: which instance of the row form it is; a refusal then begins with TensorFlow Serving's words.

    TensorFlow Serving ignores other keys in the column form, and refuses them in the row form
    (``FillTensorMapFromInputsMap`` and ``FillTensorMapFromInstancesList`` in json_tensor.cc).
    InputMismatch: it has not.
    """
    inputs = signature.inputs
    if value.keys() == inputs.keys() or (others and value.keys() >= inputs.keys()):
        return inputs
    faults = [f'"{n}" is missing' for n in inputs if n not in value]
    faults += [f'"{n[:100]}" is unknown' for n in value if n not in inputs and not others]
    more = f" and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    told = "; ".join(filter(None, (hint, wanted(signature))))
    words = "" if element is None else _tf_servings_words(value, signature, element)
    raise InputMismatch(f"{words}{where}: {', '.join(faults[:_MOST_FAULTS])}{more}", hint=told)


def _tf_servings_words(value: Mapping[str, Any], signature: Signature, element: int) -> str:
    """What json_tensor.cc says of such an instance: clients of AWS's container know it, and its tests."""
    unknown = next((name[:100] for name in value if name not in signature.inputs), None)
    if unknown is None:
        keys = ",".join(sorted(signature.inputs))
        return (
            f"Failed to process element: {element} of 'instances' list. Its keys must be equal to: {keys}; "
        )
    start = f"Failed to process element: {element} key: {unknown} of 'instances' list. "
    return f"{start}Error: JSON object: does not have named input: {unknown}; "


def single(signature: Signature) -> TensorSpec:
    """The only input. InputMismatch: there are several, so they must be named."""
    if signature.only:
        return signature.only
    raise InputMismatch(
        f'signature "{signature.name}" has {len(signature.inputs)} inputs, which must be given by name',
        hint=wanted(signature),
    )


def wanted(signature: Signature) -> str:
    """What the signature takes, for a person."""
    told = (f'"{s.name}" {s.dtype} {shapes.text(s.shape)}' for s in signature.inputs.values())
    return f'signature "{signature.name}" takes {", ".join(told) or "nothing"}'


def _no_requests(documents: list[Any], signature: Signature) -> None:
    for i, item in enumerate(documents):
        if type(item) is dict:
            for key in ("instances", "inputs"):
                if key in item and key not in signature.inputs:
                    raise MalformedBody(
                        f'document {i + 1} of {len(documents)} is a whole request with "{key}"',
                        hint="send one request at a time, or one bare instance per line",
                    )
