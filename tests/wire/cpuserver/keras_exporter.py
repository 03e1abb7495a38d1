"""A program that saves Keras 3 models in all the ways people do: ``keras_exporter.py FOLDER``.

Beside each SavedModel lies ``expected.npz``: inputs (``in_NAME``), and what ``tf.saved_model.load`` answers
(``out_NAME``). Every weight is random, so that no two variables can be taken for each other.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
RNG = np.random.default_rng(3)


def shake(model) -> None:
    """Random weights; positive, as a variance has to be."""
    for variable in model.variables:
        if np.issubdtype(variable.dtype, np.floating):
            variable.assign(RNG.uniform(0.1, 1, variable.shape))


def dense():
    return keras.Sequential([layers.Input((3,)), layers.Dense(3), layers.Dense(3)])


def convolution():
    return keras.Sequential(
        [layers.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten(),
         layers.Dropout(0.5, seed=1), layers.Dense(2)]
    )  # fmt: skip


def trained():
    """With an optimizer and its slots, a metric, and statistics that training moved."""
    model = convolution()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(RNG.random((16, 6, 6, 1)), RNG.random((16, 2)), epochs=2, verbose=0)
    return model


class Subclassed(keras.Model):
    """Layers and variables of one name, below keys that checkpoints have to escape."""

    def __init__(self) -> None:
        super().__init__(name="same")
        self.first = layers.Dense(3, name="same")
        self.more = {"a/b.c": layers.Dense(3, name="same"), ".S": layers.Dense(3, name="same")}
        self.kernel = self.add_weight(shape=(3,), name="kernel")

    def call(self, x):
        return self.more[".S"](self.more["a/b.c"](self.first(x))) * self.kernel


def subclassed():
    model = Subclassed()
    model(np.zeros((2, 3), np.float32))
    return model


def functional():
    """Two inputs, two outputs, a shared layer, variables of half precision."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(3, name="shared", dtype="float16")
    sum_ = layers.Add(dtype="float32")([shared(a), layers.Dense(3)(shared(b))])
    return keras.Model([a, b], {"sum": sum_, "tail": layers.Dense(1)(sum_)})


def words():
    """A table beside the variables."""
    return keras.Sequential(
        [layers.Input((2,), dtype="string"), layers.StringLookup(vocabulary=["low", "high"]),
         layers.Embedding(4, 2), layers.Flatten(), layers.Dense(1)]
    )  # fmt: skip


class Holder(tf.Module):
    """A module with a variable of its own that holds a Keras model."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.scale = dense(), tf.Variable([1.5, 2.5, 3.5])
        shake(self.model)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def serve(self, x):
        return {"y": self.model(x) * self.scale}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def half(self, x):
        return {"y": self.model.layers[0](x)}


class Plain(tf.Module):
    """Variables of TensorFlow's own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = tf.Variable([1.0, 2.0, 3.0]), tf.Variable([4.0, 5.0, 6.0])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def serve(self, x):
        return {"y": self.a * x + self.b}


def expect(folder: Path) -> None:
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    inputs = {
        name: tf.constant([["high", "low"], ["low", "?"]])
        if spec.dtype == tf.string
        else tf.constant(RNG.random([size or 2 for size in spec.shape]), spec.dtype)
        for name, spec in serve.structured_input_signature[1].items()
    }
    arrays = {f"in_{name}": value.numpy() for name, value in inputs.items()}
    arrays = {k: v.astype(str) if v.dtype == object else v for k, v in arrays.items()}
    outputs = {f"out_{name}": value.numpy() for name, value in serve(**inputs).items()}
    np.savez(folder.parent / "expected.npz", **arrays, **outputs)


def main(root: Path) -> None:
    for make in (dense, convolution, trained, subclassed, functional, words):
        model = make()
        if make is not trained:
            shake(model)
        tf.saved_model.save(model, str(root / make.__name__ / "1"))
    dense().export(str(root / "exported" / "1"), verbose=False)
    for name, module in (("holder", Holder()), ("plain", Plain())):
        signatures = {"serving_default": module.serve}
        signatures |= {"half": module.half} if name == "holder" else {}
        tf.saved_model.save(module, str(root / name / "1"), signatures)
    for folder in root.glob("*/1"):
        expect(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
