"""--shape NAME=1,224,224,3: the dimensions of inputs, as a person gives them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from neuronserve.errors import InvalidInput

_DIMENSIONS = re.compile(r"\[?\s*\d{1,9}(\s*[,x]\s*\d{1,9})*\s*,?\s*\]?")
_EXPECTED = "expected NAME=1,224,224,3: whole numbers of at least 1, the batch first"


@dataclasses.dataclass(frozen=True)
class Given:
    """``named``: by the input's name, in the order given. ``bare``: without a name, as PyTorch takes them."""

    named: dict[str, tuple[int, ...]]
    bare: tuple[tuple[int, ...], ...]

    def __bool__(self) -> bool:
        return bool(self.named or self.bare)


def parse(words: Sequence[str]) -> Given:
    """The words of --shape. Raises InvalidInput."""
    named: dict[str, tuple[int, ...]] = {}
    bare: list[tuple[int, ...]] = []
    for word in words:
        name, equals, text = word.rpartition("=")
        if not _DIMENSIONS.fullmatch(text) or (equals and not name):
            raise InvalidInput(f"--shape {word}: {_EXPECTED}")
        shape = tuple(int(size) for size in re.findall(r"\d+", text))
        if 0 in shape:
            raise InvalidInput(f"--shape {word}: {_EXPECTED}")
        if not name:
            bare.append(shape)
        elif name in named:
            raise InvalidInput(f"--shape {name} is there twice")
        else:
            named[name] = shape
    if named and bare:
        raise InvalidInput("--shape: some with a name and some without", hint="name all of them, or none")
    return Given(named, tuple(bare))


def shown(shape: Sequence[int] | None) -> str:
    """``[?, 224, 224, 3]``: sizes that are not known as question marks."""
    if shape is None:
        return "of unknown rank"
    return f"[{', '.join('?' if size < 0 else str(size) for size in shape)}]"
