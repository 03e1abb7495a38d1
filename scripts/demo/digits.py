"""Handwritten digits from scikit-learn's bundled data set, and their pictures as text."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


@dataclasses.dataclass(frozen=True)
class Digits:
    """Images: float32 [n, 8, 8, 1], ink from 0 to 1. Labels: int64 [n], 0 to 9."""

    images: Images
    labels: Labels


def load() -> tuple[Digits, Digits]:
    """The 1,797 digits: three quarters to learn from and one quarter held out, always the same."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data: Any = load_digits()
    images = (data.images / 16).astype(np.float32)[..., np.newaxis]
    learn, held_out, learn_labels, held_out_labels = train_test_split(
        images, data.target.astype(np.int64), test_size=0.25, random_state=7, stratify=data.target
    )
    return Digits(learn, learn_labels), Digits(held_out, held_out_labels)


def picture(image: Images) -> list[str]:
    """Four lines of sixteen characters: each character cell shows two pixels, one above the other."""
    ink = image.reshape(8, 8) > 0.4
    return [
        "".join(
            2 * _HALVES[bool(top), bool(bottom)] for top, bottom in zip(ink[row], ink[row + 1], strict=True)
        )
        for row in range(0, 8, 2)
    ]
