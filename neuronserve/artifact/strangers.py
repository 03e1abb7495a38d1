"""What lies in an artifact that holds no SavedModel: named, with what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from fnmatch import fnmatch

from neuronserve.artifact.members import shown
from neuronserve.errors import ArtifactError, NoSavedModel, OtherFramework

NEURON_IMAGES = "AWS's Deep Learning Containers have Neuron images for PyTorch and MXNet"
_TF = (
    "compile or export it as a TensorFlow SavedModel: model.export(path) or tf.saved_model.save(model, path)"
)
_TORCH = f"{NEURON_IMAGES}, and its own server; here TensorFlow SavedModels are served"
_SM = "neuronserve serves TensorFlow SavedModels: for Inferentia, compile with the framework TENSORFLOW"
_DLR = (
    "it was compiled for a CPU, a GPU or an edge device: compile its SavedModel for ml_inf1, ml_inf2 or "
    "ml_trn1, or serve that as it is"
)


@dataclasses.dataclass(frozen=True)
class _Kind:
    """``patterns`` in lower case; with a slash they are held against the whole path. ``other``: it is another
    framework's: TensorFlow Serving will never serve it.
    """

    patterns: Sequence[str]
    name: str
    hint: str
    other: bool = False


# in the order of how telling they are
_KINDS: tuple[_Kind, ...] = (
    _Kind(
        ("*.tar.gz", "*.tgz", "*.tar", "*.zip"),
        "an archive inside the archive",
        "pack the model itself, once",
    ),
    _Kind(
        ("compiled_model.json", "compiled.so", "compiled.params", "libdlr.so", "dlr.h"),
        "a model of Neo's own runtime (DLR)",
        _DLR,
        other=True,
    ),
    _Kind(("*.onnx",), "an ONNX model", _SM, other=True),
    _Kind(
        ("*.pt", "*.pth", "*.ptl", "pytorch_model.bin", "*.safetensors"),
        "a PyTorch model",
        _TORCH,
        other=True,
    ),
    _Kind(("*-symbol.json", "*.params"), "an MXNet model", _TORCH, other=True),
    _Kind(("xgboost-model", "*.xgb"), "an XGBoost model", _SM, other=True),
    _Kind(("*.h5", "*.hdf5", "*.keras"), "a Keras model", _TF),
    _Kind(("*.tflite",), "a TensorFlow Lite model", _TF),
    _Kind(
        ("*.neff",),
        "a bare Neuron executable",
        "pack the SavedModel that the compiler wrote, not the NEFF alone",
    ),
    _Kind(
        ("*.pb", "*.pbtxt"),
        "a frozen graph",
        "convert it: load the GraphDef and save it with signatures as a SavedModel",
    ),
    _Kind(("*.ckpt", "*.ckpt.*", "checkpoint", "*.index"), "a checkpoint", _TF),
    _Kind(
        ("variables/*", "*/variables/*"),
        "variables without their saved_model.pb",
        "pack the whole export folder",
    ),
)


def refusal(files: Sequence[str], source: str) -> ArtifactError:
    """The error for a tree of ``files`` without a SavedModel: NoSavedModel, or OtherFramework."""
    if not files:
        return NoSavedModel(
            f"{source} is empty: it holds no SavedModel", hint="fill it with what tf.saved_model.save wrote"
        )
    for kind in _KINDS:
        match = next((path for path in files if _matches(path, kind.patterns)), None)
        if match is not None:
            error = OtherFramework if kind.other else NoSavedModel
            return error(f"{source} holds no SavedModel, but {kind.name}: {shown(match)}", hint=kind.hint)
    some = ", ".join(shown(path) for path in files[:5])
    more = f" and {len(files) - 5:,} more" if len(files) > 5 else ""
    return NoSavedModel(
        f"{source} holds no SavedModel (no saved_model.pb); it holds {some}{more}",
        hint="expected: saved_model.pb, 1/saved_model.pb, NAME/1/saved_model.pb or "
        "export/Servo/1/saved_model.pb",
    )


def _matches(path: str, patterns: Sequence[str]) -> bool:
    name = path.rpartition("/")[2].lower()
    test: Callable[[str], bool] = lambda pattern: fnmatch(path.lower() if "/" in pattern else name, pattern)
    return any(test(pattern) for pattern in patterns)
