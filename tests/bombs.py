"""Bodies that are small on the wire and were huge in memory: one of each kind, by name."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import numpy as np

GZIP = {"Content-Encoding": "gzip"}
JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
NPY, NPZ, PROTOBUF = "application/x-npy", "application/x-npz", "application/x-protobuf"


def repeated(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


def within(opening: bytes, unit: bytes, closing: bytes, size: int) -> bytes:
    """``unit`` over and over, without its last byte, which parts it from the next."""
    return opening + repeated(unit, size)[:-1] + closing


def texts(size: int) -> dict[str, tuple[str, bytes]]:
    """The content type, and a text of about ``size`` bytes."""
    rows = b'{"instances":['
    return {
        "lines of objects": (LINES, repeated(b"{}\n", size)),
        "lines of numbers": (LINES, repeated(b"1\n", size)),
        "lines of inputs by name": (LINES, repeated(b'{"x":[1]}\n', size)),
        "documents without lines": (JSON, repeated(b"{} ", size)),
        "rows of one number": (JSON, within(rows, b"[1],", b"]}", size)),
        "rows that are no numbers": (JSON, within(rows, b"[null],", b"]}", size)),
        "rows of NaN": (JSON, within(rows, b"[NaN],", b"]}", size)),
        "empty rows": (JSON, within(rows, b"[],", b"]}", size)),
        "nested rows": (JSON, within(rows, b"[[[[NaN]]]],", b"]}", size)),
        "objects": (JSON, within(rows, b'{"":0},', b"]}", size)),
        "texts": (JSON, within(rows, b'"ab",', b"]}", size)),
        "wide texts": (JSON, within(b'{"instances":["\xf0\x9f\x98\x80",', b'"ab",', b"]}", size)),
        "CSV of one number": (CSV, repeated(b"1\n", size)),
        "CSV of quotes": (CSV, repeated(b'"1"\n', size)),
        "CSV of blank lines": (CSV, repeated(b"\n", size)),
        "CSV of commas": (CSV, repeated(b",", size)),
    }


def npy(header: str, data: bytes = b"") -> bytes:
    """A file with this header, whatever it says."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def hostile_headers() -> dict[str, bytes]:
    many = 10**12
    return {
        "10^12 floats": npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({many},)}}"),
        "10^12 empty strings": npy(f"{{'descr': '|S0', 'fortran_order': False, 'shape': ({many},)}}"),
        "10^9 empty texts": npy("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,)}"),
        "objects": npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", b"cos\nsystem\n."),
        "a shape beyond memory": npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': (0, {2**70})}}"),
    }


def npz_of_zeros(size: int) -> bytes:
    """An honest archive of one member that is 1,000 times as large."""
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros((size // 12, 3), np.float32))
    return stream.getvalue()


def npz_that_lies(size: int) -> bytes:
    """A member that unpacks to ``size`` bytes and says that it has ten."""
    content = b"\0" * size
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content)
    whole = stream.getvalue()
    assert whole.count(struct.pack("<II", len(packed), size)) == 2
    return whole.replace(struct.pack("<II", len(packed), size), struct.pack("<II", len(packed), 10))


def packed(text: bytes) -> bytes:
    return gzip.compress(text, 6)


def predict_request_of_dimensions(size: int) -> bytes:
    """A PredictRequest whose one tensor has ``size / 2`` dimensions of nothing."""
    shape = b"\x12\x00" * (size // 2)
    tensor = b"\x08\x01" + b"\x12" + _varint(len(shape)) + shape
    entry = b"\x0a\x01x" + b"\x12" + _varint(len(tensor)) + tensor
    return b"\x12" + _varint(len(entry)) + entry


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*made, value))
