"""numpy's files to arrays. Pickles are never read: an array of objects is refused before its data.

The data is not copied: where dtype and order are the signature's, the array is a view of the body.
"""

from __future__ import annotations

import functools
import io
import math
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from neuronserve.errors import BodyTooLarge, InputMismatch, MalformedBody
from neuronserve.payload import cost, jsonforms, shapes
from neuronserve.payload.cast import cast
from neuronserve.payload.signature import Signature

Array = np.ndarray[Any, Any]
Body = bytes | bytearray | memoryview
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# zipfile lets all of these out when its input is damaged
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    RuntimeError,
    OSError,
    ValueError,
)
_WRITE = "write it with numpy.save(..., allow_pickle=False)"
_ENCRYPTED = 0x1
_PIECE = 1 << 18
_MOST_EMPTY = 100_000  # strings of no length in one array
_PREFIX = 12  # magic, version, and the longer of the two lengths


def read_npy(body: Body, signature: Signature, meter: cost.Meter = cost.nothing) -> dict[str, Array]:
    """The one array in ``body``; its first axis is the batch already. MalformedBody, InputMismatch."""
    if signature.only is None:
        raise InputMismatch(
            f'npy holds one array, and signature "{signature.name}" has {len(signature.inputs)} inputs',
            hint=f"send an npz (application/x-npz) with the inputs' names; {jsonforms.wanted(signature)}",
        )
    spec = signature.only
    found = array(body, "the body")
    meter(cost.of_cast(found, spec.numpy))
    return {spec.name: shapes.check(cast(found, spec), spec)}


def read_npz(
    body: Body, signature: Signature, limit: int, meter: cost.Meter = cost.nothing
) -> dict[str, Array]:
    """The arrays by name, at most ``limit`` bytes unpacked. A single one may have any name.

    MalformedBody, InputMismatch, BodyTooLarge.
    """
    members = _members(body, limit, meter)
    if signature.only and len(members) == 1:
        members = {signature.only.name: next(iter(members.values()))}
    specs = jsonforms.named(members, signature, "the npz")
    found = {name: array(members[name], f'"{name}.npy"') for name in specs}
    unpacked = cost.of_archive(body, sum(map(len, members.values())))
    meter(unpacked + sum(cost.of_cast(found[name], spec.numpy) for name, spec in specs.items()))
    return {name: shapes.check(cast(found[name], spec), spec) for name, spec in specs.items()}


def array(data: Body, where: str) -> Array:
    """The array in one npy file, in its own dtype. MalformedBody: anything else, or bytes too few or many."""
    end = _header_end(data, where)
    shape, fortran, dtype = _header(bytes(data[:end]), where)
    count = math.prod(shape)
    have, need = len(data) - end, count * dtype.itemsize
    if have != need:
        raise MalformedBody(f"{where} has {have} bytes of data; its header says {need}")
    if not need and count > _MOST_EMPTY:  # a header may ask for any number of them
        raise MalformedBody(f"{where} holds {count} strings of no length; at most {_MOST_EMPTY} are taken")
    flat = np.frombuffer(data, dtype, count, end) if need else np.zeros(count, dtype)
    try:
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError):  # no data, and a dimension beyond all memory: (0, 2**70)
        raise MalformedBody(f"{where} has a shape that no array can have") from None


def _header_end(data: Body, where: str) -> int:
    head = bytes(data[:_PREFIX])
    if head[:6] != npy_format.MAGIC_PREFIX or len(head) < 10:
        raise MalformedBody(f"{where} is not an npy file", hint=_WRITE)
    size = 2 if head[6] == 1 else 4
    return 8 + size + int.from_bytes(head[8 : 8 + size], "little")


@functools.lru_cache(maxsize=256)
def _header(head: bytes, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran order, dtype. Clients send few different ones, and parsing costs."""
    stream = io.BytesIO(head)
    try:
        version = npy_format.read_magic(stream)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(f"version {version} is unknown")
        # version 3 differs by the field names of records, which are refused below
        read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception:  # noqa: BLE001  numpy evaluates the header, which can fail in any way
        raise MalformedBody(f"{where} has a broken npy header", hint=_WRITE) from None
    if dtype.hasobject:
        raise MalformedBody(f"{where} holds Python objects, which are never unpickled", hint=_TEXT)
    if any(n < 0 for n in shape):
        raise MalformedBody(f"{where} has a shape that no array can have")
    if dtype.names or dtype.subdtype or dtype.kind in "Mm":
        raise MalformedBody(f"{where} holds {dtype}, no plain numbers or strings")
    return shape, bool(fortran), dtype


_TEXT = "save strings as bytes or text: array.astype('S') or astype('U')"


def _members(body: Body, limit: int, meter: cost.Meter) -> dict[str, bytearray]:
    meter(cost.entries(body))
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
            _bounded(infos, limit)
            meter(cost.of_archive(body, sum(i.file_size for i in infos)))
            members = {i.filename.removesuffix(".npy"): _member(archive, i) for i in infos}
    except _BROKEN_ZIP as error:
        raise MalformedBody(f"the body is not an npz file: {error}") from None
    if len(members) != len(infos):
        raise MalformedBody("the npz holds one name twice")
    return members


def _bounded(infos: list[zipfile.ZipInfo], limit: int) -> None:
    for info in infos:
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _STORED:
            raise MalformedBody(f'"{info.filename[:100]}" in the npz is encrypted, or not stored or deflated')
    total = sum(i.file_size for i in infos)
    if total > limit:
        raise BodyTooLarge(f"the npz unpacks to {total} bytes; at most {limit} are taken")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytearray:
    """In pieces: zipfile unpacks as much as it is asked for before it looks at the size that was declared."""
    unpacked = bytearray()
    with archive.open(info) as member:
        while piece := member.read(_PIECE):  # raises at the end where the checksum differs
            unpacked += piece
    return unpacked
