"""Train a small convolutional network on the digits and export it as a SavedModel.

usage: python -m demo.train FOLDER

A program of its own, so that TensorFlow's memory is gone when it ends. It prints one JSON object per
line: ``{"epoch": 3, "epochs": 12, "accuracy": 0.981}`` while it learns, and at the end
``{"accuracy": 0.989, "hard": [...]}``: the held-out accuracy, and the held-out digits of which the
model is least sure.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

SEED = 7
EPOCHS = 14
REQUIRED = 0.97


def network(tf: Any) -> Any:
    """About 38,000 weights: [n, 8, 8, 1] -> [n, 10] probabilities."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def train(tf: Any, learn: Any, held_out: Any) -> Any:
    tf.keras.utils.set_random_seed(SEED)
    model = network(tf)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )

    def tell(epoch: int, logs: dict[str, float]) -> None:
        say(epoch=epoch + 1, epochs=EPOCHS, accuracy=round(float(logs["val_accuracy"]), 4))

    model.fit(
        learn.images,
        learn.labels,
        batch_size=64,
        epochs=EPOCHS,
        verbose=0,
        validation_data=(held_out.images, held_out.labels),
        callbacks=[tf.keras.callbacks.LambdaCallback(on_epoch_end=tell)],
    )
    return model


def export(tf: Any, model: Any, folder: Path) -> None:
    """Signature ``serving_default``: ``image`` float32 [n, 8, 8, 1] -> ``probabilities`` [n, 10]."""

    def probabilities(image: Any) -> dict[str, Any]:
        return {"probabilities": model(image, training=False)}

    archive = tf.keras.export.ExportArchive()
    archive.track(model)
    image = tf.TensorSpec((None, 8, 8, 1), tf.float32, name="image")
    archive.add_endpoint(name="serving_default", fn=probabilities, input_signature=[image])
    archive.write_out(str(folder), verbose=False)


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def main(folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    from demo import digits

    learn, held_out = digits.load()
    model = train(tf, learn, held_out)
    probabilities = model.predict(held_out.images, verbose=0)
    accuracy = float((probabilities.argmax(axis=1) == held_out.labels).mean())
    if accuracy <= REQUIRED:
        sys.exit(f"only {accuracy:.1%} of the held-out digits are right; more than {REQUIRED:.0%} are wanted")
    export(tf, model, folder)
    say(accuracy=accuracy, hard=[int(i) for i in probabilities.max(axis=1).argsort()[:5]])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
