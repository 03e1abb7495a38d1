"""The formats that models come in, with what to do about each."""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatchcase

NEURON_IMAGES = "AWS's Deep Learning Containers have Neuron images for PyTorch and MXNet"
_KERAS = (
    "export it as a TensorFlow SavedModel: model = keras.models.load_model(path), then model.export(folder)"
)
_TORCH = f"{NEURON_IMAGES}, and its own server; here TensorFlow SavedModels are served"
_HUGGING_FACE = (
    "AWS has Hugging Face images, also for Neuron; for TensorFlow weights: "
    "TFAutoModel.from_pretrained(path).save_pretrained(folder, saved_model=True), and serve saved_model/"
)
_SM = "neuronserve serves TensorFlow SavedModels: for Inferentia, compile with the framework TENSORFLOW"
_OWN = "serve it with a server for its framework; neuronserve serves TensorFlow SavedModels"
_SOURCE = "it was converted from another model: serve the SavedModel that it was made of"
_DLR = (
    "it was compiled for a CPU, a GPU or an edge device: compile its SavedModel for ml_inf1, ml_inf2 or "
    "ml_trn1, or serve that as it is"
)


@dataclasses.dataclass(frozen=True)
class Format:
    """``names``: of files, in lower case; with a slash they are held against the whole path. ``other``: it is
    another framework's, which TensorFlow Serving will never serve.
    """

    key: str
    words: str
    hint: str
    names: tuple[str, ...] = ()
    other: bool = True

    def has_name(self, path: str) -> bool:
        lower = path.lower()
        name = lower.rpartition("/")[2]
        return any(fnmatchcase(lower if "/" in pattern else name, pattern) for pattern in self.names)


# in the order of how telling they are: the first that an artifact shows is what it is taken for
FORMATS: tuple[Format, ...] = (
    Format(
        "packed",
        "an archive inside the archive",
        "pack the model itself, once",
        ("*.tar.gz", "*.tgz", "*.tar", "*.zip"),
        other=False,
    ),
    Format(
        "misnamed",
        "a SavedModel whose file has another name",
        "call the file saved_model.pb, in the folder that also has variables/",
        other=False,
    ),
    Format(
        "dlr",
        "a model of Neo's own runtime (DLR)",
        _DLR,
        ("compiled_model.json", "compiled.so", "compiled.params", "libdlr.so", "dlr.h"),
    ),
    Format(
        "optimum",
        "a Hugging Face model compiled by optimum-neuron",
        "serve it with AWS's Hugging Face image for Neuron (huggingface-pytorch-inference-neuronx)",
        ("*.neuron",),
    ),
    Format("neuron_torch", "a PyTorch model compiled for Neuron (TorchScript)", _TORCH, ("*_neuron.pt",)),
    Format("torchserve", "a TorchServe archive", _TORCH, ("*.mar",)),
    Format("torchscript", "a PyTorch model (TorchScript)", _TORCH),
    Format("torch", "a PyTorch model", _TORCH, ("*.pt", "*.pth", "*.ptl", "pytorch_model*.bin")),
    Format("hugging_face", "a Hugging Face model", _HUGGING_FACE, ("*.safetensors",)),
    Format("onnx", "an ONNX model", _SM, ("*.onnx",)),
    Format("mxnet", "an MXNet model", _TORCH, ("*-symbol.json", "*.params")),
    Format("xgboost", "an XGBoost model", _SM, ("xgboost-model", "*.xgb", "*.ubj")),
    Format("lightgbm", "a LightGBM model", _OWN),
    Format("catboost", "a CatBoost model", _OWN, ("*.cbm",)),
    Format("gguf", "a GGUF model, as llama.cpp has them", _OWN, ("*.gguf", "*.ggml")),
    Format("tensorrt", "a TensorRT engine", _SOURCE, ("*.plan", "*.engine", "*.trt")),
    Format("openvino", "an OpenVINO model", _SOURCE),
    Format("coreml", "a Core ML model", _SOURCE, ("*.mlmodel", "*.mlpackage/*")),
    Format("paddle", "a PaddlePaddle model", _OWN, ("*.pdmodel", "*.pdiparams")),
    Format("caffe", "a Caffe model", _OWN, ("*.caffemodel",)),
    Format("flax", "a Flax model", _OWN, ("*.msgpack",)),
    Format(
        "hf_keras",
        "a Hugging Face model with TensorFlow weights",
        "TFAutoModel.from_pretrained(path).save_pretrained(folder, saved_model=True), and serve saved_model/",
        other=False,
    ),
    Format("keras", "a Keras model", _KERAS, ("*.h5", "*.hdf5", "*.keras"), other=False),
    Format(
        "tflite",
        "a TensorFlow Lite model",
        "serve the SavedModel that it was converted from",
        ("*.tflite", "*.lite"),
        other=False,
    ),
    Format(
        "tfjs",
        "a TensorFlow.js model",
        "serve the SavedModel or Keras model that it was converted from",
        other=False,
    ),
    Format(
        "neff",
        "a bare Neuron executable",
        "pack the SavedModel that the compiler wrote, not the NEFF alone",
        ("*.neff",),
        other=False,
    ),
    Format(
        "graph",
        "a frozen graph",
        "convert it: load the GraphDef and save it with signatures as a SavedModel "
        "(tf.compat.v1.saved_model.simple_save)",
        ("*.pb", "*.pbtxt"),
        other=False,
    ),
    Format(
        "checkpoint",
        "a checkpoint",
        "restore it into its model, and export that: model.export(folder) or "
        "tf.saved_model.save(model, folder)",
        ("*.ckpt", "*.ckpt.*", "checkpoint", "*.index"),
        other=False,
    ),
    Format(
        "variables",
        "variables without their saved_model.pb",
        "pack the whole export folder",
        ("variables/*", "*/variables/*"),
        other=False,
    ),
    Format("hf_config", "a Hugging Face model", _HUGGING_FACE),
    Format("sklearn", "a scikit-learn model", _OWN),
    Format("pickle", "a pickled Python object", _OWN, ("*.pkl", "*.pickle", "*.joblib")),
)
BY_KEY = {one.key: one for one in FORMATS}
