"""zip and tar archives: which format they are, or what they hold."""

from __future__ import annotations

import itertools
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from neuronserve.artifact.formats.table import FORMATS

_MOST = 500  # members that are looked at
_SCRIPT = 1 << 20  # bytes of a member that are searched
_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


def is_packed(head: bytes) -> bool:
    """Whether it is a tar archive, compressed or not."""
    return head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) or head[257:262] == b"ustar"


def of_zip(file: BinaryIO, head: bytes) -> str:
    """The key of a format. PyTorch's files and Keras's are zip archives, too."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()[:_MOST]
            key = _of_names(names)
            if key == "torchscript" and _mentions_neuron(archive, names):
                return "neuron_torch"
            return key
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return _of_names([_first_name(head)])  # the list of members stands at its end, which is not here


def of_tar(file: BinaryIO) -> str:
    """The key of what is packed; "packed" for a SavedModel, and where nothing can be said."""
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:*") as archive:
            names = [member.name for member in itertools.islice(archive, _MOST) if member.isreg()]
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError):
        return "packed"
    return _of_names(names)


def _of_names(names: Iterable[str]) -> str:
    last = {name.rpartition("/")[2] for name in names}
    if last.intersection(_SAVED_MODEL):
        return "packed"
    if "constants.pkl" in last:
        return "torchscript"
    if "data.pkl" in last:
        return "torch"
    if any(name.startswith("MAR-INF/") for name in names):
        return "torchserve"
    if "model.weights.h5" in last:
        return "keras"
    return next((one.key for one in FORMATS if any(map(one.has_name, names))), "packed")


def _mentions_neuron(archive: zipfile.ZipFile, names: Iterable[str]) -> bool:
    """Whether its code calls Neuron's operators."""
    for name in names:
        if "/code/" in name and name.endswith(".py"):
            with archive.open(name) as member:
                if b"neuron" in member.read(_SCRIPT):
                    return True
    return False


def _first_name(head: bytes) -> str:
    (length,) = struct.unpack_from("<H", head, 26) if len(head) >= 30 else (0,)
    return head[30 : 30 + length].decode("utf-8", "replace")
