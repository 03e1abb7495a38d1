"""What a store holds, and how it is cut for the journey."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from neuronserve.artifact.checksums import Sum

PIECE = 8 << 20  # bytes of one range: S3's own advice is 8 to 16 MiB


@dataclasses.dataclass(frozen=True)
class RemoteObject:
    """One object, pinned by ``etag`` (as the store quotes it): every read asks for exactly this one.

    ``path`` is its place in the tree (prefixes only). ``sums`` is what the store says about its bytes; None:
    it was not asked yet.
    """

    bucket: str
    key: str
    size: int
    etag: str
    version: str = ""
    path: str = ""
    sums: tuple[Sum, ...] | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def identity(self) -> str:
        """Changes whenever the bytes may have."""
        return f"{self}\n{self.version}\n{self.etag}\n{self.size}"


@dataclasses.dataclass(frozen=True)
class Piece:
    """Bytes ``start`` to ``end`` (not included) of the object number ``item``; ``index`` orders them."""

    index: int
    item: int
    start: int
    end: int


def cut(sizes: Sequence[int], piece: int = PIECE) -> tuple[Piece, ...]:
    """The pieces of objects of these sizes, in order. Empty objects have none."""
    pieces: list[Piece] = []
    for item, size in enumerate(sizes):
        for start in range(0, size, piece):
            pieces.append(Piece(len(pieces), item, start, min(start + piece, size)))
    return tuple(pieces)
