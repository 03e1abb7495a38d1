"""Exports models like those of TensorFlow Serving's tutorials: ``tutorial_exporter.py FOLDER``.

``expected.npz`` has what each was given and answers by itself; ``picture.jpg`` is a picture.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
layers = keras.layers
RNG = np.random.default_rng(5)


def mnist(folder: Path) -> dict[str, np.ndarray]:
    """As example/mnist_saved_model.py: TF1; images of 784 numbers for predict, tf.Examples for classify."""
    with v1.Graph().as_default(), v1.Session() as session:
        serialized = v1.placeholder(tf.string, name="tf_example")
        parsed = v1.parse_example(serialized, {"x": v1.FixedLenFeature([784], tf.float32)})
        x = tf.identity(parsed["x"], name="x")
        w = v1.get_variable("w", initializer=RNG.random((784, 10), np.float32), use_resource=False)
        y = tf.nn.softmax(tf.matmul(x, w), name="y")
        values, indices = tf.nn.top_k(y, 10)
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.range(10, dtype=tf.int64), tf.constant([str(digit) for digit in range(10)])
            ), "?")  # fmt: skip
        classes = table.lookup(tf.cast(indices, tf.int64))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        info, sign = v1.saved_model.build_tensor_info, v1.saved_model.build_signature_def
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, ["serve"], main_op=v1.tables_initializer(),
            signature_def_map={
                "predict_images": sign(
                    {"images": info(x)}, {"scores": info(y)}, "tensorflow/serving/predict"
                ),
                "serving_default": sign({"inputs": info(serialized)},
                                        {"classes": info(classes), "scores": info(values)},
                                        "tensorflow/serving/classify"),
            },
        )  # fmt: skip
        builder.save()
        images = RNG.random((2, 784), np.float32)
        scores, labels = session.run([y, classes], {x: images})
    return {"images": images, "scores": scores, "labels": labels.astype(str)}


def fashion(folder: Path) -> dict[str, np.ndarray]:
    """As the tutorial "Train and serve a TensorFlow model": a Keras CNN of pictures of 28 by 28."""
    model = keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(8, 3, strides=2, activation="relu"), layers.Flatten(),
        layers.Dense(10),
    ])  # fmt: skip
    model.export(folder, verbose=False)
    pictures = RNG.random((3, 28, 28, 1), np.float32)
    return {"pictures": pictures, "logits": np.asarray(model(pictures))}


def resnet(folder: Path, picture: bytes) -> dict[str, np.ndarray]:
    """Pictures as JPEG in strings, which the graph decodes."""
    module = tf.Module()
    module.w = tf.Variable(RNG.random((3, 5), np.float32))

    def decoded(content):
        return tf.image.convert_image_dtype(tf.io.decode_jpeg(content, channels=3), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve(image_bytes):
        pixels = tf.map_fn(decoded, image_bytes, fn_output_signature=tf.float32)
        probabilities = tf.nn.softmax(tf.reduce_mean(pixels, [1, 2]) @ module.w)
        return {"classes": tf.argmax(probabilities, 1), "probabilities": probabilities}

    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    answer = serve(tf.constant([picture, picture]))
    return {name: value.numpy() for name, value in answer.items()}


def text(folder: Path) -> dict[str, np.ndarray]:
    """Reviews as strings, which a layer of the Keras model makes words of."""
    split = layers.TextVectorization(
        output_sequence_length=6, vocabulary=["a", "film", "good", "bad", "not", "the", "ünder"]
    )
    model = keras.Sequential([
        layers.Input((1,), dtype="string"), split, layers.Embedding(10, 4), layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.export(folder, verbose=False)
    reviews = [["A good film!"], ["Not the BAD film, ünder?"], [""]]
    return {"ratings": np.asarray(model(tf.constant(reviews))), "reviews": np.array(reviews)}


def main(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    pixels = np.linspace(0, 255, 20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    picture = tf.io.encode_jpeg(pixels).numpy()
    (root / "picture.jpg").write_bytes(picture)
    np.savez(
        root / "expected.npz",
        **mnist(root / "mnist" / "1"),
        **fashion(root / "fashion" / "1"),
        **resnet(root / "resnet" / "1", picture),
        **text(root / "text" / "1"),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
