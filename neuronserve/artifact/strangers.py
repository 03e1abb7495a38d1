"""What lies in an artifact that holds no SavedModel: named, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatch

from neuronserve.artifact.members import shown

_TF = (
    "compile or export it as a TensorFlow SavedModel: model.export(path) or tf.saved_model.save(model, path)"
)
_SM = "neuronserve serves TensorFlow SavedModels: for Inferentia, compile with the framework TENSORFLOW"

# in the order of how telling they are
_KINDS: tuple[tuple[Sequence[str], str, str], ...] = (
    (("*.tar.gz", "*.tgz", "*.tar", "*.zip"), "an archive inside the archive", "pack the model itself, once"),
    (("*.onnx",), "an ONNX model", _SM),
    (("*.pt", "*.pth", "*.ptl", "pytorch_model.bin", "*.safetensors"), "a PyTorch model", _SM),
    (("*.h5", "*.hdf5", "*.keras"), "a Keras model", _TF),
    (("*.tflite",), "a TensorFlow Lite model", _TF),
    (
        ("*.neff",),
        "a bare Neuron executable",
        "pack the SavedModel that the compiler wrote, not the NEFF alone",
    ),
    (("*-symbol.json", "*.params"), "an MXNet model", _SM),
    (
        ("*.pb", "*.pbtxt"),
        "a frozen graph",
        "convert it: load the GraphDef and save it with signatures as a SavedModel",
    ),
    (("*.ckpt", "*.ckpt.*", "checkpoint", "*.index"), "a checkpoint", _TF),
    (
        ("variables/*", "*/variables/*"),
        "variables without their saved_model.pb",
        "pack the whole export folder",
    ),
)


def name_what_is_there(files: Sequence[str], source: str) -> tuple[str, str]:
    """Message and hint for a tree of ``files`` without a SavedModel."""
    if not files:
        return f"{source} is empty: it holds no SavedModel", "fill it with what tf.saved_model.save wrote"
    for patterns, kind, hint in _KINDS:
        match = next((path for path in files if _matches(path, patterns)), None)
        if match is not None:
            return f"{source} holds no SavedModel, but {kind}: {shown(match)}", hint
    some = ", ".join(shown(path) for path in files[:5])
    more = f" and {len(files) - 5:,} more" if len(files) > 5 else ""
    return (
        f"{source} holds no SavedModel (no saved_model.pb); it holds {some}{more}",
        "expected: saved_model.pb, 1/saved_model.pb, NAME/1/saved_model.pb or export/Servo/1/saved_model.pb",
    )


def _matches(path: str, patterns: Sequence[str]) -> bool:
    name = path.rpartition("/")[2].lower()
    test: Callable[[str], bool] = lambda pattern: fnmatch(path.lower() if "/" in pattern else name, pattern)
    return any(test(pattern) for pattern in patterns)
