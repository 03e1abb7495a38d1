"""The format that a file's bytes show."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from neuronserve.artifact.formats import archives, documents, pickles, protobuf

_HEAD = 1 << 16
_TABLE_END = bytes.fromhex("57fb808b247547db")  # of a LevelDB table, which an index of variables is
_MAGICS = (
    (b"GGUF", "gguf"),
    (b"lmgg", "gguf"),
    (b"tjgg", "gguf"),
    (b"ftrt", "tensorrt"),
    (b"ptrt", "tensorrt"),
    (b"CBM1", "catboost"),
    (b"binf", "xgboost"),
    (struct.pack("<QQ", 0x112, 0), "mxnet"),  # a list of NDArrays
    (struct.pack("<Q", 0xF7E58D4F05049CB7), "dlr"),  # TVM's list of parameters
    (struct.pack("<2Q", 0, 1024), "neff"),
    (struct.pack("<2Q", 1, 1024), "neff"),
    (struct.pack("<2Q", 2, 1024), "neff"),
)


def format_of(file: BinaryIO) -> str:
    """The key of a format in ``table``; "" where the content shows none. The file can be cut."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    for magic, key in _MAGICS:
        if head.startswith(magic):
            return key
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "keras"
    if head.startswith(b"PK\x03\x04"):
        return archives.of_zip(file, head)
    if archives.is_packed(head):
        return archives.of_tar(file)
    if _is_safetensors(head, size):
        return "hugging_face"
    return (
        pickles.of(head)
        or documents.of(file, head)
        or protobuf.of(file, size)
        or ("checkpoint" if _ends_a_table(file, size) else "")
    )


def _is_safetensors(head: bytes, size: int) -> bool:
    """Eight bytes with the length of a JSON object, and the object."""
    if len(head) < 10 or head[8:9] != b"{":
        return False
    (length,) = struct.unpack_from("<Q", head)
    return 2 <= length <= max(size, 100 << 20) and head[9:10] in (b'"', b"}", b" ")


def _ends_a_table(file: BinaryIO, size: int) -> bool:
    if size < len(_TABLE_END):
        return False
    file.seek(size - len(_TABLE_END))
    return file.read(len(_TABLE_END)) == _TABLE_END
