"""A program that exports the small SavedModels of the tests: ``exporter.py FOLDER``.

It runs as a child, once for all tests, because it imports all of TensorFlow.
"""

import sys
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format

v1 = tf.compat.v1
ALL_DTYPES = ("bfloat16", "half", "float32", "float64", "bool", "int8", "int16", "int32", "int64",
              "uint8", "uint16", "uint32", "uint64", "complex64", "string")  # fmt: skip


def affine(folder: Path, slope: float) -> None:
    """TF2 with a variable: ``y = slope * x + 1``, x of shape [rows, 2]."""
    module = tf.Module()
    module.slope = tf.Variable(slope)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def serve(x):
        return {"y": module.slope * x + 1.0}

    @tf.function(input_signature=[tf.TensorSpec([2, 2], tf.float32, name="x")])
    def inverse(x):
        return {"y": tf.linalg.inv(x)}

    tf.saved_model.save(module, str(folder), {"serving_default": serve, "inverse": inverse})


def mixed(folder: Path) -> None:
    """Several inputs and outputs, strings among them; outputs whose names end in ``_bytes``."""
    module = tf.Module()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="word"),
            tf.TensorSpec([None], tf.int64, name="times"),
        ]
    )
    def serve(word, times):
        joined = tf.strings.join([word, tf.strings.as_string(times)], separator="*")
        return {"joined": joined, "raw_bytes": word, "doubled": times * 2}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def length(image_bytes):
        return {"length": tf.strings.length(image_bytes)}

    tf.saved_model.save(module, str(folder), {"serving_default": serve, "length": length})


def shapes(folder: Path) -> None:
    """One signature for each dtype, one of unknown rank, one scalar, one that takes its time."""
    module, signatures = tf.Module(), {}
    for name in ALL_DTYPES:
        spec = tf.TensorSpec([None], getattr(tf, name), name="x")
        signatures[name] = tf.function(lambda x: {"y": tf.identity(x)}, input_signature=[spec])
    any_rank = tf.TensorSpec(None, tf.float32, name="x")
    signatures["any"] = tf.function(lambda x: {"y": x * 2.0}, input_signature=[any_rank])
    scalar = tf.TensorSpec([], tf.float32, name="x")
    signatures["scalar"] = tf.function(lambda x: {"y": x * 2.0}, input_signature=[scalar])
    rows = tf.TensorSpec([None, None], tf.float32, name="x")
    signatures["rows"] = tf.function(
        lambda x: {"y": x * 2.0, "rows": tf.fill([tf.shape(x)[0]], tf.shape(x)[0])}, input_signature=[rows]
    )

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="steps")])
    def spin(steps):
        def turn(at, value):
            return at + 1, tf.math.sin(value)

        _, value = tf.while_loop(lambda at, _: at < steps, turn, [tf.constant(0, tf.int64), tf.ones([16])])
        return {"value": value}

    signatures["spin"] = spin
    module.functions = list(signatures.values())
    tf.saved_model.save(module, str(folder), signatures)


def examples(folder: Path) -> None:
    """TF1: tf.Example in; a variable, a table read from an asset by an init op; all three methods."""
    vocabulary = folder.parent / "vocabulary.txt"
    vocabulary.parent.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("low\nhigh\n")
    with v1.Graph().as_default(), v1.Session() as session:
        serialized = v1.placeholder(tf.string, [None], name="tf_example")
        parsed = v1.parse_example(serialized, {
            "x": v1.FixedLenFeature([], tf.float32),
            "shift": v1.FixedLenFeature([], tf.float32, default_value=0.0),
        })  # fmt: skip
        slope = v1.get_variable("slope", initializer=2.0, use_resource=False)
        value = tf.reshape(slope * parsed["x"] + parsed["shift"], [-1, 1])
        asset = tf.constant(str(vocabulary), name="vocabulary")
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(asset, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
                                          tf.string, tf.lookup.TextFileIndex.WHOLE_LINE), "?")  # fmt: skip
        order = tf.tile(tf.constant([[0, 1]], tf.int64), [tf.shape(value)[0], 1])
        classes, scores = table.lookup(order), tf.concat([1.0 - value, value], 1)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        build = v1.saved_model.build_tensor_info
        inputs = {"inputs": build(serialized)}
        sign = v1.saved_model.build_signature_def
        both = {"classes": build(classes), "scores": build(scores)}
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, ["serve"], main_op=v1.tables_initializer(),
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            signature_def_map={
                "serving_default": sign(inputs, both, "tensorflow/serving/classify"),
                "regress": sign(inputs, {"outputs": build(value)}, "tensorflow/serving/regress"),
                "only_scores": sign(inputs, {"scores": build(scores)}, "tensorflow/serving/classify"),
                "predict": sign({"examples": build(serialized)}, {"value": build(value)},
                                "tensorflow/serving/predict"),
            },
        )  # fmt: skip
        builder.save()
    vocabulary.unlink()  # the copy in the SavedModel's assets has to do


def as_text(source: Path, target: Path) -> None:
    """A copy with ``saved_model.pbtxt`` in the place of ``saved_model.pb``."""
    from shutil import copytree

    from tensorflow.core.protobuf import saved_model_pb2

    copytree(source, target)
    binary = target / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(binary.read_bytes())
    (target / "saved_model.pbtxt").write_text(text_format.MessageToString(message))
    binary.unlink()


def main(root: Path) -> None:
    affine(root / "affine" / "1", 2.0)
    affine(root / "affine" / "0002", 3.0)
    mixed(root / "mixed" / "1")
    shapes(root / "shapes" / "1")
    examples(root / "examples" / "1")
    as_text(root / "examples" / "1", root / "text" / "1")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
