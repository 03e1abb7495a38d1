# ruff: noqa: E501  a row stays on its line
"""Signatures that the rows are written against, and SavedModels that have them, made without TensorFlow.

A model of ``SIGNATURES`` answers with its inputs, each under its own name; what it answers with beside them is
in ``extra``. ``write_models`` writes all of them, and the two that need more of a graph.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import node_def_pb2, saved_model_pb2, types_pb2

_NAMES = {
    "float": "DT_FLOAT",
    "double": "DT_DOUBLE",
    "string": "DT_STRING",
    "bool": "DT_BOOL",
    "half": "DT_HALF",
}
STRING, FLOAT = 7, 1
EXAMPLES, HALF_PLUS_TWO = "examples", "half_plus_two"


def dtype(name: str) -> int:
    """TensorFlow's number of a dtype by the name that its error texts use: float, int32, ..."""
    return int(types_pb2.DataType.Value(_NAMES.get(name, f"DT_{name.upper()}")))


@dataclasses.dataclass(frozen=True)
class Signature:
    """``inputs``: alias -> dtype. ``extra``: outputs that are constants. ``cast``: the dtype of the outputs."""

    inputs: Mapping[str, str]
    extra: Mapping[str, np.ndarray[Any, Any]] = dataclasses.field(default_factory=dict)
    cast: str = ""


_PLAIN = ("int32", "int64", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "float", "double", "half",
          "bfloat16", "bool", "string", "complex64")  # fmt: skip
SIGNATURES: dict[str, Signature] = {
    **{name: Signature({"default": name}) for name in _PLAIN},
    "int_tensor": Signature({"int_tensor": "int32"}),
    "float_tensor": Signature({"float_tensor": "float"}),
    "str_tensor": Signature({"str_tensor": "string"}),
    "two": Signature({"int_tensor": "int32", "str_tensor": "string"}),
    "three": Signature({"int_tensor": "int32", "str_tensor": "string", "bin_tensor": "string"}),
    "four": Signature(
        {"int_tensor": "int32", "str_tensor": "string", "float_tensor": "float", "dbl_tensor": "double"}
    ),
    "five": Signature({
        "double_scalar_tensor": "double", "float_tensor": "float", "int_tensor": "int32", "str_tensor": "string",
        "str_tensor_bytes": "string",
    }),
    "bytes": Signature({"str_tensor_bytes": "string"}),
    "number_bytes": Signature({"number_bytes": "int32"}),
    "input_b64": Signature({"b64": "string"}),
    "to_half": Signature({"x": "float"}, cast="half"),
    "to_bfloat16": Signature({"x": "float"}, cast="bfloat16"),
    "to_uint16": Signature({"x": "float"}, cast="uint16"),
    "to_complex64": Signature({"x": "float"}, cast="complex64"),
    "to_complex128": Signature({"x": "float"}, cast="complex128"),
    "to_int8": Signature({"x": "float"}, cast="int8"),
    "to_uint64": Signature({"x": "float"}, cast="uint64"),
    "with_scalar": Signature({"x": "float"}, {"total": np.array(7, np.int32)}),
    "with_one_row": Signature({"x": "float"}, {"row": np.array([[1, 2, 3]], np.int32)}),
    "with_no_rows": Signature({"x": "float"}, {"none": np.zeros((0, 2), np.int32)}),
}  # fmt: skip


def _node(name: str, op: str, *inputs: str, **attributes: Any) -> Any:
    """A NodeDef; an attribute is a dtype (int), a list of dtypes, a bool, a tensor or an AttrValue's filler."""
    made = node_def_pb2.NodeDef(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        attribute = made.attr[key]
        if isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, int):
            attribute.type = value
        elif callable(value):
            value(attribute)
        else:
            attribute.tensor.CopyFrom(value)
    return made


def _constant(name: str, array: np.ndarray[Any, Any], number: int) -> Any:
    return _node(name, "Const", dtype=number, value=tensorproto.encode(array, number))


def _text(name: str, value: bytes) -> Any:
    array = np.empty((), object)
    array[()] = value
    return _constant(name, array, STRING)


def _unknown_rank(attribute: Any) -> None:
    attribute.shape.unknown_rank = True


def _placeholder(name: str, number: int) -> Any:
    return _node(name, "Placeholder", dtype=number, shape=_unknown_rank)


def _fill(side: Any, tensors: Mapping[str, tuple[str, int]]) -> None:
    for alias, (tensor, number) in tensors.items():
        side[alias].name, side[alias].dtype = tensor, number
        side[alias].tensor_shape.unknown_rank = True


def _identities(signature: Signature) -> Any:
    nodes, inputs, outputs = [], {}, {}
    for at, (alias, name) in enumerate(signature.inputs.items()):
        number = dtype(name)
        nodes.append(_placeholder(f"in{at}", number))
        inputs[alias] = (f"in{at}:0", number)
        if signature.cast:
            target = dtype(signature.cast)
            nodes.append(_node(f"out{at}", "Cast", f"in{at}", SrcT=number, DstT=target, Truncate=False))
            outputs[alias] = (f"out{at}:0", target)
        else:
            nodes.append(_node(f"out{at}", "Identity", f"in{at}", T=number))
            outputs[alias] = (f"out{at}:0", number)
    for alias, array in signature.extra.items():
        nodes.append(_constant(f"const_{alias}", array, dtype(array.dtype.name)))
        outputs[alias] = (f"const_{alias}:0", dtype(array.dtype.name))
    return _model(nodes, {"serving_default": ("predict", inputs, outputs)})


def _model(nodes: list[Any], signatures: Mapping[str, tuple[str, Any, Any]]) -> Any:
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = model.meta_graphs.add()
    meta_graph.meta_info_def.tags.append("serve")
    meta_graph.graph_def.node.extend(nodes)
    meta_graph.graph_def.versions.producer = 1800
    for name, (method, inputs, outputs) in signatures.items():
        made = meta_graph.signature_def[name]
        made.method_name = f"tensorflow/serving/{method}"
        _fill(made.inputs, inputs)
        _fill(made.outputs, outputs)
    return model


def _examples() -> Any:
    """Classify: as the label of its only class, each tf.Example that came (web-safe base64). Regress: its size."""
    nodes = [
        _placeholder("serialized", STRING),
        _node("encoded", "EncodeBase64", "serialized", pad=False),
        _constant("axis", np.array(1, np.int32), 3),
        _node("labels", "ExpandDims", "encoded", "axis", T=STRING, Tdim=3),
        _node("length", "StringLength", "serialized"),
        _node("size", "Cast", "length", SrcT=3, DstT=FLOAT, Truncate=False),
    ]
    inputs = {"inputs": ("serialized:0", STRING)}
    classify = ("classify", inputs, {"classes": ("labels:0", STRING)})
    regress = ("regress", inputs, {"outputs": ("size:0", FLOAT)})
    names = {"serving_default": classify, "custom_signature": classify, "regress": regress}
    return _model(nodes, names)


def _half_plus_two() -> Any:
    """y = x / 2 + 2, for Predict, Regress and Classify, as the model that TensorFlow Serving's tests load."""
    nodes = [
        _placeholder("serialized", STRING),
        _placeholder("x", FLOAT),
        _text("key", b"x"),
        _constant("half", np.array(0.5, np.float32), FLOAT),
        _constant("two", np.array(2, np.float32), FLOAT),
        _constant("empty", np.zeros(0, np.float32), FLOAT),
        _constant("axis", np.array(1, np.int32), 3),
        _node("parsed", "ParseExample", "serialized", "no_names", "key", "empty", Nsparse=_none, Ndense=_one,
              sparse_types=_no_types, Tdense=_floats, dense_shapes=_scalars),
        _constant("no_names", np.zeros(0, object), STRING),
        _node("half_x", "Mul", "x", "half", T=FLOAT),
        _node("y", "AddV2", "half_x", "two", T=FLOAT),
        _node("half_of_examples", "Mul", "parsed:0", "half", T=FLOAT),
        _node("values", "AddV2", "half_of_examples", "two", T=FLOAT),
        _node("scores", "ExpandDims", "values", "axis", T=FLOAT, Tdim=3),
    ]  # fmt: skip
    examples = {"inputs": ("serialized:0", STRING)}
    regress = ("regress", examples, {"outputs": ("values:0", FLOAT)})
    classify = ("classify", examples, {"scores": ("scores:0", FLOAT)})
    return _model(nodes, {
        "serving_default": ("predict", {"x": ("x:0", FLOAT)}, {"y": ("y:0", FLOAT)}),
        "regress_x_to_y": regress,
        "tensorflow/serving/regress": regress,
        "classify_x_to_y": classify,
    })  # fmt: skip


def _none(attribute: Any) -> None:
    attribute.i = 0


def _one(attribute: Any) -> None:
    attribute.i = 1


def _no_types(attribute: Any) -> None:
    attribute.list.SetInParent()


def _floats(attribute: Any) -> None:
    attribute.list.type.append(FLOAT)


def _scalars(attribute: Any) -> None:
    attribute.list.shape.add()


def write_models(folder: Path) -> tuple[str, ...]:
    """Write each model as ``folder/<name>/123``, and return their names."""
    models = {name: _identities(signature) for name, signature in SIGNATURES.items()}
    models |= {EXAMPLES: _examples(), HALF_PLUS_TWO: _half_plus_two()}
    for name, model in models.items():
        version = folder / name / "123"
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_bytes(model.SerializeToString())
    return tuple(models)
