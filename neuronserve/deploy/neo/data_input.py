"""DataInputConfig: the inputs of a model with their whole shapes, from its signature and what a person adds.

For TensorFlow a dictionary of names and shapes, NHWC as the model has them, with the batch as a number.
Names: of a SavedModel those of the signature's inputs (AWS's own notebooks compile ``{"inputs": [1, 224, 224,
3]}`` of a signature whose tensor is ``serving_default_inputs:0``, and tensorflow-neuron takes them so); of a
frozen graph those of its placeholders, and for ml_eia2 of their tensors (``input:0``), as the API's reference
says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping

from neuronserve.deploy.neo import targets
from neuronserve.deploy.neo.dimensions import Given, shown
from neuronserve.errors import InvalidInput
from neuronserve.uncompiled import DEFAULT_SIGNATURE, Form, Signature, Tensor, Uncompiled

_NOT_NUMERIC = frozenset({"string", "resource", "variant", "unknown"})


@dataclasses.dataclass(frozen=True)
class Derived:
    """``text``: what is sent. ``lines``: how it came about, for a person. ``signature``: its name, or ""."""

    text: str
    lines: tuple[str, ...]
    signature: str = ""


def from_model(
    model: Uncompiled, given: Given, *, signature: str | None, batch: int | None, device: str | None
) -> Derived:
    """For TensorFlow. Raises InvalidInput that names every input of which something is not known."""
    name, chosen = _chosen(model, signature)
    if given.bare:
        raise InvalidInput("--shape without a name: TensorFlow's inputs have names", hint=_names(chosen))
    if not chosen.inputs:
        raise InvalidInput("the model has no input: there is nothing to compile it for")
    asked = _by_input(chosen, given.named)
    faults: list[str] = []
    shapes: dict[str, list[int]] = {}
    lines = []
    for key, tensor in chosen.inputs.items():
        found, fault = _shape(key, tensor, asked.get(key), batch)
        if fault:
            faults.append(fault)
            continue
        sent = tensor.name if model.form is Form.FROZEN_GRAPH and device == targets.EIA else key
        shapes[sent] = list(found)
        lines.append(f"input {sent}: {list(found)} {tensor.dtype}, in the model {shown(tensor.shape)}")
    if faults:
        raise InvalidInput("; ".join(faults))
    return Derived(json.dumps(shapes), tuple(lines), name)


def from_shapes(framework: str, given: Given) -> str:
    """For the frameworks whose models are not looked into. Raises InvalidInput."""
    if given.bare and framework != "PYTORCH":
        raise InvalidInput(
            f"--shape without a name: {framework} needs names", hint="such as data=1,3,224,224"
        )
    if given.bare:
        return json.dumps([list(shape) for shape in given.bare])
    return json.dumps({name: list(shape) for name, shape in given.named.items()})


def _chosen(model: Uncompiled, name: str | None) -> tuple[str, Signature]:
    if model.form is Form.FROZEN_GRAPH:
        if name:
            raise InvalidInput(f"--signature {name}: a frozen graph has none")
        return "", model.signatures[""]
    if not model.signatures:
        raise InvalidInput(
            "the model has no signature with inputs",
            hint="export it with tf.saved_model.save(model, path, signatures=...)",
        )
    known = ", ".join(model.signatures)
    if name is None:
        only = next(iter(model.signatures)) if len(model.signatures) == 1 else ""
        name = DEFAULT_SIGNATURE if DEFAULT_SIGNATURE in model.signatures else only
        if not name:
            raise InvalidInput(f"the model has the signatures {known}", hint="choose with --signature")
    if name not in model.signatures:
        raise InvalidInput(f"--signature {name}: the model has {known}")
    return name, model.signatures[name]


def _by_input(signature: Signature, named: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """What was given, by the signature's own names; tensors' names are taken too."""
    keys = {tensor.name: key for key, tensor in signature.inputs.items()}
    keys |= {tensor.name.partition(":")[0]: key for key, tensor in signature.inputs.items()}
    keys |= {key: key for key in signature.inputs}
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in named.items():
        if name not in keys:
            raise InvalidInput(f"--shape {name}: the model has no such input", hint=_names(signature))
        if keys[name] in found:
            raise InvalidInput(f"--shape {name}: that input, {keys[name]}, is there twice")
        found[keys[name]] = shape
    return found


def _shape(
    key: str, tensor: Tensor, asked: tuple[int, ...] | None, batch: int | None
) -> tuple[tuple[int, ...], str]:
    """The whole shape, or what is missing of it."""
    if tensor.composite:
        return (), (
            f"input {key} is a {tensor.composite}: only dense tensors can be compiled; export a signature "
            "that takes dense ones, and choose it with --signature"
        )
    if tensor.dtype in _NOT_NUMERIC:
        return (), (
            f"input {key} is {tensor.dtype}: only numbers can be compiled; export a signature that takes the "
            "decoded tensor"
        )
    if asked is not None:
        return asked, next(_against(key, tensor, asked, batch), "")
    if tensor.shape is None:
        return (), f"input {key} is of unknown rank: give --shape {key}=1,..."
    if not tensor.shape:
        return (), f"input {key} is a scalar: Neo compiles inputs with a batch"
    found = ((batch or 1) if tensor.shape[0] < 0 else tensor.shape[0], *tensor.shape[1:])
    if min(found) < 0:
        example = ",".join("..." if size < 0 else str(size) for size in found)
        return (), f"input {key} is {shown(tensor.shape)}: give --shape {key}={example}"
    return found, next(_against(key, tensor, found, batch), "")


def _against(key: str, tensor: Tensor, shape: tuple[int, ...], batch: int | None) -> Iterator[str]:
    told = tensor.shape
    if told is not None and (
        len(told) != len(shape) or any(size not in (-1, mine) for size, mine in zip(told, shape, strict=True))
    ):
        yield f"--shape {key}={','.join(map(str, shape))}: in the model it is {shown(told)}"
    if batch is not None and shape[0] != batch:
        where = "in the model" if told and told[0] == shape[0] else "by --shape"
        yield f"--batch {batch}: input {key} has the batch {shape[0]} {where}"


def _names(signature: Signature) -> str:
    return f"its inputs are {', '.join(signature.inputs) or 'none'}"
