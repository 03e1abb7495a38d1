"""Whose objects a pickle holds, by the modules that it names. It is never loaded."""

from __future__ import annotations

import zlib

_TORCH_MAGIC = bytes.fromhex("fc9c46f9206aa85019")  # in PyTorch's files from before 1.6
_MODULES = (
    (b"torch", "torch"),
    (b"xgboost", "xgboost"),
    (b"lightgbm", "lightgbm"),
    (b"catboost", "catboost"),
    (b"sklearn", "sklearn"),
    (b"mxnet", "mxnet"),
    (b"keras", "keras"),
)


def of(head: bytes) -> str:
    """The key of a format; "" for what begins with no pickle."""
    if head[:1] == b"\x78":  # joblib.dump(..., compress=3)
        head = _inflate(head)
    if not (len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5):
        return ""
    if _TORCH_MAGIC in head[:20]:
        return "torch"
    return next((key for module, key in _MODULES if module in head), "pickle")


def _inflate(head: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(head, len(head))
    except zlib.error:
        return b""
