"""zip and tar archives: which format they are, or what they hold."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import itertools
import lzma
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, BinaryIO, cast

from neuronserve.artifact.formats.table import FORMATS

_MOST = 500  # members that are looked at
_SCRIPT = 1 << 20  # bytes of a member that are searched
_UNPACKED = 64 << 20  # bytes of a tar that are unpacked
_DIRECTORY = 16 << 20  # bytes of a zip archive's list of members
_PACKERS: tuple[tuple[bytes, Callable[[BinaryIO], io.BufferedIOBase]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)
_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


def is_packed(head: bytes) -> bool:
    """Whether it is a tar archive, compressed or not."""
    return head.startswith(tuple(magic for magic, _ in _PACKERS)) or head[257:262] == b"ustar"


def of_zip(file: BinaryIO, head: bytes) -> str:
    """The key of a format. PyTorch's files and Keras's are zip archives, too."""
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file))) as archive:
            names = archive.namelist()[:_MOST]
            key = _of_names(names)
            if key == "torchscript" and _mentions_neuron(archive, names):
                return "neuron_torch"
            return key
    except Exception:  # noqa: BLE001  zipfile raises what the libraries below it do
        return _of_names([_first_name(head)])  # the list of members stands at its end, which is not here


def of_tar(file: BinaryIO) -> str:
    """The key of what is packed; "packed" for a SavedModel, and where nothing can be said."""
    names: list[str] = []
    with contextlib.suppress(Exception):  # damaged, cut or hostile: what came before tells
        names.extend(itertools.islice(_names(file), _MOST))
    return _of_names(names)


def _names(file: BinaryIO) -> Iterator[str]:
    """Of the plain files in a tar. Raises what decompressing and reading raise."""
    # both know this module
    from neuronserve.artifact.archive import Forward
    from neuronserve.artifact.tarheaders import Headers

    file.seek(0)
    head = file.read(6)
    file.seek(0)
    unpack = next((unpack for magic, unpack in _PACKERS if head.startswith(magic)), None)
    plain = cast("BinaryIO", unpack(file)) if unpack else file
    stream = Forward(plain, "the file", compressed=unpack is not None, limit=_UNPACKED)
    headers = Headers(stream, "the file")
    while (member := headers.next()) is not None:
        stream.header_bytes = 0
        if member.info.isreg():
            yield member.info.name


class _Bounded:
    """A file for ``zipfile``, which reads the list of members whole, however long it claims to be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY:
            raise ValueError(f"{size:,} bytes at once")
        return self._file.read(size)


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
