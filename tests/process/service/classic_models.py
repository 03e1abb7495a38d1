"""A program that exports the models everybody tries first: ``classic_models.py FOLDER``.

They are made as their tutorials make them (tensorflow/serving's saved_model_half_plus_two.py and
mnist_saved_model.py, TensorFlow's official ResNet with a JPEG in, a Keras text classifier), only smaller.
``expected.json`` beside them has what TensorFlow itself answers to the tests' inputs, ``cat.jpg`` a JPEG.

It runs as a child, because it imports all of TensorFlow.
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
signatures = v1.saved_model.signature_def_utils
info = v1.saved_model.utils.build_tensor_info
SIDE, PIXELS, CLASSES = 16, 784, 5
TEXTS = ["a great film", "what a waste of time", ""]


def parsed(names: dict[str, float]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A placeholder for serialized tf.Examples, and their features, one float each, with defaults."""
    serialized = v1.placeholder(tf.string, [None], "tf_example")
    features = {name: v1.FixedLenFeature([1], tf.float32, [default]) for name, default in names.items()}
    return serialized, v1.parse_example(serialized, features)


def plain(tensor: tf.Tensor, *, shape: bool = True):
    """What a signature says of a tensor; without ``shape``, nothing of its shape, as old exporters did."""
    told = info(tensor)
    if not shape:
        told.ClearField("tensor_shape")
    return told


def half_plus(folder: Path, number: float, *, shape: bool, names: tuple[str, str]) -> None:
    """y = x / 2 + number; x has the shape [-1, 1] in the graph, which any other is broadcast against."""
    with v1.Graph().as_default(), v1.Session() as session:
        half, added, more = (
            v1.Variable(value, name=n) for n, value in (("a", 0.5), ("b", number), ("c", 3.0))
        )
        serialized, example = parsed({"x": 0.0, "x2": 0.0})
        x = tf.identity(example["x"], "x")
        x2 = tf.identity(example["x2"], "x2")
        y = tf.add(tf.multiply(half, x), added, "y")
        y2 = tf.add(tf.multiply(half, x), more, "y2")
        y3 = tf.add(tf.multiply(half, x2), more, "y3")
        session.run(v1.global_variables_initializer())

        def made(method: str, source: tf.Tensor, target: tf.Tensor):
            key = {"regress": "outputs", "classify": "scores"}[method]
            return signatures.build_signature_def(
                {"inputs": plain(source, shape=shape)},
                {key: plain(target, shape=shape)},
                f"tensorflow/serving/{method}",
            )

        predict = signatures.build_signature_def(
            {"x": plain(x, shape=shape)}, {"y": plain(y, shape=shape)}, "tensorflow/serving/predict"
        )
        save(session, folder, {
            "serving_default": predict,
            names[0]: made("regress", serialized, y),
            names[1]: made("classify", serialized, y),
            "regress_x_to_y2": made("regress", serialized, y2),
            "regress_x2_to_y3": made("regress", x2, y3),
        })  # fmt: skip


def save(session, folder: Path, found: dict[str, object], main_op=None) -> None:
    builder = v1.saved_model.builder.SavedModelBuilder(str(folder))
    builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=found, main_op=main_op)
    builder.save()


def mnist(folder: Path) -> dict[str, object]:
    """The default signature classifies tf.Examples; predict_images takes pixels."""
    rng = np.random.default_rng(1)
    image = rng.random(PIXELS, np.float32)
    with v1.Graph().as_default(), v1.Session() as session:
        serialized = v1.placeholder(tf.string, [None], "tf_example")
        x = v1.parse_example(serialized, {"x": v1.FixedLenFeature([PIXELS], tf.float32)})["x"]
        x = tf.identity(x, "x")
        weights = v1.Variable(rng.normal(0, 0.05, (PIXELS, 10)).astype(np.float32))
        y = tf.nn.softmax(tf.matmul(x, weights), name="y")
        values, indices = tf.nn.top_k(y, 10)
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.range(10, dtype=tf.int64), [str(i) for i in range(10)]),
            "?",
        )
        classes = table.lookup(tf.cast(indices, tf.int64))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        scores, order = session.run([y, indices], {x: [image]})
        classify = signatures.build_signature_def(
            {"inputs": info(serialized)},
            {"classes": info(classes), "scores": info(values)},
            "tensorflow/serving/classify",
        )
        predict = signatures.build_signature_def(
            {"images": info(x)}, {"scores": info(y)}, "tensorflow/serving/predict"
        )
        save(
            session, folder, {"predict_images": predict, "serving_default": classify}, v1.tables_initializer()
        )
    return {"image": image.tolist(), "scores": scores.tolist(), "best": str(order[0, 0])}


def resnet(folder: Path) -> dict[str, object]:
    """``serving_default`` takes JPEGs (``image_bytes``), ``predict`` the pixels."""
    rng = np.random.default_rng(2)
    module = tf.Module()
    module.weights = tf.Variable(rng.normal(0, 0.1, (SIDE * SIDE * 3, CLASSES)).astype(np.float32))

    def classified(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        flat = tf.reshape(pixels, [-1, SIDE * SIDE * 3])
        found = tf.nn.softmax(flat @ module.weights)
        return {"classes": tf.argmax(found, 1), "probabilities": found}

    def decoded(jpeg: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(tf.io.decode_jpeg(jpeg, 3), [SIDE, SIDE]) / 255.0

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def jpegs(image_bytes):
        return classified(tf.map_fn(decoded, image_bytes, fn_output_signature=tf.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32, name="input")])
    def pixels(input):  # noqa: A002  the name is the model's
        return {"probabilities": classified(input)["probabilities"]}

    tf.saved_model.save(module, str(folder), {"serving_default": jpegs, "predict": pixels})
    cat = tf.io.encode_jpeg((rng.random((40, 40, 3)) * 255).astype(np.uint8)).numpy()
    (folder.parent.parent / "cat.jpg").write_bytes(cat)
    told = {name: value.numpy().tolist() for name, value in jpegs(tf.constant([cat])).items()}
    return {**told, "image": decoded(tf.constant(cat)).numpy().tolist()}


def text(folder: Path) -> dict[str, object]:
    """A Keras model with its own vocabulary, exported as Keras exports."""
    keras.utils.set_random_seed(3)
    vectorize = keras.layers.TextVectorization(50, output_sequence_length=6)
    vectorize.adapt(["a great film", "a waste of time", "what a film"])
    inputs = keras.Input((), dtype="string", name="text")
    hidden = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(50, 4)(vectorize(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid", name="score")(hidden))
    model.export(str(folder), verbose=False)
    return {"scores": model(tf.constant(TEXTS)).numpy().tolist()}


def main(root: Path) -> None:
    half_plus(root / "half_plus_two" / "123", 2.0, shape=True, names=("regress_x_to_y", "classify_x_to_y"))
    names = ("tensorflow/serving/regress", "tensorflow/serving/classify")
    half_plus(root / "half_plus_three" / "123", 3.0, shape=False, names=names)
    expected = {
        "mnist": mnist(root / "mnist" / "1"),
        "resnet": resnet(root / "resnet" / "1538687457"),
        "text": text(root / "text" / "1"),
    }
    (root / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
