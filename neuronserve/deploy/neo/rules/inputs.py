"""DataInputConfig, in the form that each framework has.

TensorFlow, Keras, MXNet, ONNX, Darknet, TFLite: a dictionary of names and shapes. PyTorch: that, or a list of
shapes. XGBoost: none. For CoreML an input may be an object (flexible shapes, images). For cloud devices Neo
finds out itself what PyTorch 2.0 and XGBoost models take.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.neo import targets

_AT = pointer("InputConfig", "DataInputConfig")
_NEEDS_NONE = ("XGBOOST", "SKLEARN")
_CHANNELS_FIRST = ("KERAS", "MXNET", "ONNX", "DARKNET", "PYTORCH")
_IMAGE = 4  # axes
_COREML = frozenset({"shape", "default_shape", "type", "bias", "scale"})
_RANGE = re.compile(r"\d+\.\.\d+")


def findings(request: Mapping[str, Any], _region: str | None) -> Iterator[Finding]:
    source, output = request.get("InputConfig"), request.get("OutputConfig", {})
    if source is None:
        return
    framework, text = source.get("Framework"), source.get("DataInputConfig")
    if text is None:
        yield from _absent(source, output)
        return
    if framework in _NEEDS_NONE:
        yield _error(_AT, "input-not-taken", f"{framework} models need no DataInputConfig", "leave it out")
        return
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        fix = 'write JSON, such as {"input": [1, 224, 224, 3]}; quotes are double ones'
        yield _error(_AT, "not-json", f"it is no JSON: {error}", fix)
        return
    yield from _judged(value, framework, output.get("TargetDevice"))


def _absent(source: Mapping[str, Any], output: Mapping[str, Any]) -> Iterator[Finding]:
    framework, device = source.get("Framework"), output.get("TargetDevice")
    cloud = "TargetDevice" in output and device in _cloud()
    derived = framework == "PYTORCH" and str(source.get("FrameworkVersion", "")).startswith("2.") and cloud
    if framework not in _NEEDS_NONE and not derived:
        yield _error(
            pointer("InputConfig"), "input-missing",
            f"DataInputConfig is missing: {framework} needs the names and shapes of its inputs",
            "give --shape NAME=1,... for each, or --data-input-config",
        )  # fmt: skip


def _cloud() -> tuple[str, ...]:
    found = targets.group_of("ml_c5")
    return found.devices if found else ()


def _judged(value: Any, framework: str | None, device: str | None) -> Iterator[Finding]:
    if isinstance(value, list) and framework == "PYTORCH":
        named = {str(place): item for place, item in enumerate(value)}
    elif isinstance(value, dict):
        named = value
    else:
        forms = "a dictionary of names and shapes" + (
            ", or a list of shapes" if framework == "PYTORCH" else ""
        )
        yield _error(_AT, "input-form", f"expected {forms}", 'such as {"input": [1, 224, 224, 3]}')
        return
    if not named:
        yield _error(_AT, "input-form", "there is no input in it", 'such as {"input": [1, 224, 224, 3]}')
    for name, item in named.items():
        if not name:
            yield _error(_AT, "input-name", "an input without a name", "name it as the model does")
        elif device == "coreml" and isinstance(item, dict):
            yield from _coreml(name, item)
        else:
            yield from _shape(name, item, framework, device)


def _shape(name: str, shape: Any, framework: str | None, device: str | None) -> Iterator[Finding]:
    if not (isinstance(shape, list) and shape and all(_size(size) for size in shape)):
        yield _error(
            _AT, "input-shape", f"{_short(name)}: its shape has to be a list of whole numbers, at least 1",
            "such as [1, 224, 224, 3]: the batch and every size has to be a number",
        )  # fmt: skip
        return
    if len(shape) == _IMAGE and framework in (*_CHANNELS_FIRST, "TENSORFLOW"):
        first, last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
        if framework == "TENSORFLOW" and first and not last:
            yield _layout(name, shape, "NHWC, channels last", framework)
        elif framework != "TENSORFLOW" and last and not first:
            yield _layout(name, shape, "NCHW, channels first", framework)
    if framework == "TENSORFLOW" and targets.is_neuron(device) and ":" in name:
        yield Finding(
            _AT, Severity.WARNING, "tensor-name", f"{_short(name)} is the name of a tensor",
            "for a SavedModel name the input of the signature, for a frozen graph the node, without :0",
        )  # fmt: skip


def _layout(name: str, shape: list[int], expected: str, framework: str) -> Finding:
    return Finding(
        _AT, Severity.WARNING, "layout", f"{_short(name)}: {shape} looks unlike {expected}",
        f"for {framework} Neo wants {expected}, whatever the model file has",
    )  # fmt: skip


def _coreml(name: str, item: Mapping[str, Any]) -> Iterator[Finding]:
    strange = sorted(set(item) - _COREML)
    if strange:
        yield _error(
            _AT, "input-form", f"{_short(name)}: {', '.join(strange)}: unknown for CoreML",
            f"known: {', '.join(sorted(_COREML))}",
        )  # fmt: skip
    shape = item.get("shape")
    several = isinstance(shape, list) and bool(shape) and all(isinstance(one, list) for one in shape)
    for one in shape if isinstance(shape, list) and several else [shape]:
        if not (isinstance(one, list) and one and all(_size(size) or _flexible(size) for size in one)):
            yield _error(
                _AT, "input-shape", f"{_short(name)}: its shape cannot be understood",
                'such as [1, 224, 224, 3], ["1..10", 224, 224, 3], or a list of shapes',
            )  # fmt: skip
            return
    kind = item.get("type", "Tensor")
    if kind not in ("Image", "Tensor"):
        yield _error(
            _AT, "input-form", f"{_short(name)}: its type is neither Image nor Tensor", "use one of them"
        )
    if kind == "Image" and not {"bias", "scale"} <= set(item):
        yield _error(_AT, "input-form", f"{_short(name)}: an Image needs bias and scale", "add both")


def _size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _flexible(value: Any) -> bool:
    return isinstance(value, str) and _RANGE.fullmatch(value) is not None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _error(at: str, code: str, message: str, fix: str) -> Finding:
    return Finding(at, Severity.ERROR, code, message, fix)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
