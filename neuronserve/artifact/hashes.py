"""The hash functions that digests and a store's check sums are made by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class Crc:
    """A cyclic redundancy check of ``width`` bytes; ``step(data, value)`` goes on from ``value``.

    Its digest is big-endian, as S3 writes it.
    """

    def __init__(self, step: Callable[[bytes, int], int], width: int) -> None:
        self._step = step
        self._width = width
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


class Parted:
    """The hash of the hashes of an object's parts, as S3 makes it for what was uploaded in several."""

    def __init__(self, name: str, sizes: Iterable[int]) -> None:
        self._name = name
        self._sizes = iter(sizes)
        self._all = new(name)
        self._part: Hash | None = None
        self._left = 0

    def update(self, data: bytes, /) -> None:
        view = memoryview(data)
        while view:
            if self._part is None:
                # bytes beyond the last part belong to one that cannot be right
                self._part, self._left = new(self._name), next(self._sizes, len(view) + 1)
            taken = view[: self._left]
            self._part.update(taken)  # type: ignore[arg-type]  # every one of them takes a buffer
            self._left -= len(taken)
            view = view[len(taken) :]
            if not self._left:
                self._close()

    def digest(self) -> bytes:
        self._close()
        return self._all.digest()

    def _close(self) -> None:
        if self._part is not None:
            self._all.update(self._part.digest())
            self._part = None


class _Xxh:
    """The library's object ends with its first digest."""

    def __init__(self, made: Any) -> None:
        self._made = made
        self._digest: bytes | None = None

    def update(self, data: bytes, /) -> None:
        self._made.update(data)

    def digest(self) -> bytes:
        if self._digest is None:
            self._digest = bytes(self._made.finalize())
        return self._digest


def _crc32() -> Hash:
    from isal import isal_zlib

    return Crc(isal_zlib.crc32, 4)


def _runtime() -> Any:
    """What the standard library lacks; imported only where an object needs it."""
    from awscrt import checksums

    return checksums


_MAKERS: dict[str, Callable[[], Hash]] = {
    # usedforsecurity: these only guard against broken transfers, and must work under FIPS too
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "blake2b": hashlib.blake2b,
    "blake2b-256": lambda: hashlib.blake2b(digest_size=32),
    "blake2s": hashlib.blake2s,
    "crc32": _crc32,
    "crc32c": lambda: Crc(_runtime().crc32c, 4),
    "crc64nvme": lambda: Crc(_runtime().crc64nvme, 8),
    "xxhash64": lambda: _Xxh(_runtime().XXHash.new_xxhash64()),
    "xxhash3": lambda: _Xxh(_runtime().XXHash.new_xxhash3_64()),
    "xxhash128": lambda: _Xxh(_runtime().XXHash.new_xxhash3_128()),
}


def new(name: str) -> Hash:
    """A hash of no bytes yet, by the name of its algorithm."""
    return _MAKERS[name]()
