"""Archives that no honest program writes, field by field, and changes to ones that it does."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence

from fuzzing import mutators

_BLOCK = tarfile.BLOCKSIZE
_EVERY_TYPE = b"\0" + b"01234567LKxgXSVMDN\xff"
# name, place and length of a header's fields: "Basic Tar Format" in GNU tar's manual
_FIELDS = (
    (0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (265, 32),
    (297, 32), (329, 8), (337, 8), (345, 155), (386, 96), (482, 1), (483, 12),
)  # fmt: skip
_SIZES = (
    0,
    1,
    511,
    512,
    513,
    -1,
    -512,
    -(1 << 40),
    1 << 20,
    1 << 32,
    1 << 62,
    (1 << 63) - 1,
    1 << 63,
    1 << 90,
)
NAMES = (
    "a", "1/saved_model.pb", "./1//variables/x", "..", "../x", "/etc/x", "a/../../x", "", ".", "/", "a\nb",
    "\x1b[2J",
    "x" * 256, "x" * 5000, "x" * 100_000, "d/" * 300 + "x", "d/" * 3000 + "x", "\udcff\udcfe", "\u202ea",
    "CON", "._a",
    "__MACOSX/x", "code/inference.py/x", "1/saved_model.pb/x", "1", "code/requirements.txt/x", "%s%n",
    "-rf", "~",
)  # fmt: skip


def header(name: bytes, size: int = 0, kind: bytes = b"0", link: bytes = b"", **fields: bytes) -> bytes:
    """One block, with a right check sum whatever is in it. ``fields``: as they stand there."""
    block = bytearray(_BLOCK)
    block[0 : min(100, len(name))] = name[:100]
    block[100:108] = fields.get("mode", b"0000644\0")[:8].ljust(8, b"\0")
    block[108:116] = fields.get("uid", b"0000000\0")[:8].ljust(8, b"\0")
    block[124:136] = number(size)
    block[136:148] = fields.get("mtime", b"00000000000\0")[:12].ljust(12, b"\0")
    block[156:157] = kind
    block[157 : 157 + min(100, len(link))] = link[:100]
    block[257:265] = fields.get("magic", b"ustar  \0")
    return summed(block)


def number(value: int) -> bytes:
    """Twelve bytes: octal where that holds it, else base-256."""
    if 0 <= value < 8**11:
        return b"%011o\0" % value
    return (
        b"\xff" * 4 + struct.pack(">q", value)
        if -(1 << 63) <= value < 0
        else (b"\x80" + (value % (1 << 88)).to_bytes(11, "big"))
    )


def summed(block: bytes | bytearray) -> bytes:
    fresh = bytearray(block)
    fresh[148:156] = b" " * 8
    fresh[148:156] = b"%06o\0 " % (sum(fresh) % (1 << 18))
    return bytes(fresh)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _BLOCK)


def record(key: bytes, value: bytes) -> bytes:
    """Of a pax header, with its right length."""
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest)
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return str(size).encode() + rest


def extended(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    return header(b"././@LongLink", len(content) if size is None else size, kind) + padded(content)


def member(rng: random.Random) -> bytes:
    """One member that is odd in one way."""
    return _MEMBERS[rng.randrange(len(_MEMBERS))](rng)


def _file(rng: random.Random) -> bytes:
    name = rng.choice(NAMES).encode("utf-8", "surrogateescape")
    long_name = extended(b"L", name + b"\0") if len(name) > 100 else b""
    content = rng.choice((b"", b"x", b"x" * 600, b"\x08\x01NeuronOp"))
    size = rng.choice(_SIZES) if rng.random() < 0.2 else len(content)
    kind = bytes([rng.choice(_EVERY_TYPE)]) if rng.random() < 0.5 else b"0"
    link = rng.choice(NAMES).encode("utf-8", "surrogateescape")
    return long_name + header(name, size, kind, link) + padded(content)


def _odd_times(rng: random.Random) -> bytes:
    fields = (b"\xff" * 12, b"\x80" + b"\xff" * 11, b"99999999999\0", b"-1", b"", b"\0" * 12, b"8" * 12)
    chosen = {key: rng.choice(fields) for key in ("mtime", "uid", "mode")}
    return header(b"t%d" % rng.randrange(99), 1, **chosen) + padded(b"x")


def _long_header(rng: random.Random) -> bytes:
    """L, K, x and g with sizes that are negative, absent or huge."""
    content = rng.choice((b"", b"a\0", b"x" * 2000, record(b"path", b"a"), record(b"path", b"/etc/x")))
    size = rng.choice(_SIZES) if rng.random() < 0.7 else None
    count = rng.choice((1, 1, 1, 2, 70))
    return extended(rng.choice((b"L", b"K", b"x", b"g", b"X")), content, size) * count + header(b"n", 0)


def _pax(rng: random.Random) -> bytes:
    keys = (b"path", b"linkpath", b"size", b"mtime", b"uid", b"hdrcharset", b"GNU.sparse.name", b"", b"\xff")
    values = (
        b"",
        b"-1",
        b"1",
        b"nan",
        b"9" * 30,
        b"1e9",
        b"x" * 4000,
        b"../x",
        b"\0",
        b"BINARY",
        b"a=b\nc",
        b"1.5",
    )
    records = [record(rng.choice(keys), rng.choice(values)) for _ in range(rng.randrange(1, 5))]
    broken = (
        b"99999999999999999999999 path=x\n",
        b"0 path=x\n",
        b"-5 a=b\n",
        b"5 a",
        b"3 =\n",
        b"1" * 3000,
        b"7 a=b\n",
    )
    if rng.random() < 0.5:
        records.insert(rng.randrange(len(records) + 1), rng.choice(broken))
    return extended(rng.choice((b"x", b"x", b"g")), b"".join(records)) + header(b"p", 3) + padded(b"abc")


def _sparse(rng: random.Random) -> bytes:
    maps = (b"x", b"", b"0,1,2", b"0,3", b"0,-1", b"9" * 30, b"5,1,0,1", b"0,512,600,10", b",", b"0,1" * 900)
    values = (b"0", b"3", b"512", b"1048576", b"-1", b"x", b"9" * 25)
    version = rng.choice((b"0", b"1", b"2", b"x"))
    records = record(b"GNU.sparse.major", version) + record(
        b"GNU.sparse.minor", rng.choice((b"0", b"1", b"x"))
    )
    for key, chosen in ((b"map", maps), (b"size", values), (b"realsize", values), (b"numblocks", values)):
        if rng.random() < 0.6:
            records += record(b"GNU.sparse." + key, rng.choice(chosen))
    content = rng.choice(
        (b"", b"0\n", b"1\n0\n3\n", b"9999999\n", b"-1\n", b"x\n", b"1" * 600, b"2\n0\n1\n0\n1\n")
    )
    whole = padded(content) + b"abc"
    return extended(b"x", records) + header(b"s%d" % rng.randrange(9), len(whole)) + padded(whole)


def _old_sparse(rng: random.Random) -> bytes:
    block = bytearray(header(b"o%d" % rng.randrange(9), rng.choice((0, 3, 512)), b"S"))
    for at in range(386, 482, 12):
        block[at : at + 12] = number(rng.choice((0, 0, 1, 3, 512, 600, -1, 1 << 40)))
    block[482] = rng.choice((0, 0, 1))
    block[483:495] = number(rng.choice((0, 3, 600, 1 << 20, -1, 1 << 62)))
    return summed(block) + padded(rng.randbytes(rng.choice((0, 3, 512))))


def _links(rng: random.Random) -> bytes:
    count = rng.choice((2, 30, 50, 1000))
    kind = rng.choice((b"2", b"2", b"1"))
    if rng.random() < 0.3:  # two ways from each folder to the next: 2**30 ways in all
        steps = range(30)
        names = [(b"f%d/%s" % (n, side), b"../f%d" % (n + 1)) for n in steps for side in (b"a", b"b")]
        return b"".join(header(name, 0, b"2", link) for name, link in names) + header(b"f30/x")
    start = header(b"l0", 1) + padded(b"x") if rng.random() < 0.7 else header(b"l0", 0, b"2", b"l%d" % count)
    chain = (header(b"l%d" % n, 0, kind, b"l%d" % (n - 1)) for n in range(1, count + 1))
    return start + b"".join(chain)


def _long_link(rng: random.Random) -> bytes:
    target = rng.choice(
        (b"x" * 5000, b"a/" * 2000 + b"b", b"a/../" * 1000 + b"b", b"../" * 900, b"x\0y", b"\xff" * 300)
    )
    return extended(b"K", target) + header(b"k/l", 0, rng.choice((b"1", b"2")), b"")


def _many(rng: random.Random) -> bytes:
    kind = rng.choice((b"0", b"5"))
    return b"".join(header(b"m/%d" % n, 0, kind) for n in range(rng.choice((100, 100, 1500))))


_MEMBERS: tuple[Callable[[random.Random], bytes], ...] = (
    _file, _file, _file, _odd_times, _long_header, _long_header, _pax, _pax, _sparse, _sparse, _old_sparse,
    _links,
    _long_link, _many,
)  # fmt: skip


def changed(tar: bytes, rng: random.Random) -> bytes:
    """A tar with one thing changed: a field of a header (its check sum is mended), or blocks."""
    at = rng.randrange(max(1, len(tar) // _BLOCK)) * _BLOCK
    starts = [n for n in range(0, len(tar), _BLOCK) if tar[n + 257 : n + 262] == b"ustar"]
    kind = rng.random()
    if starts and kind < 0.5:
        at = rng.choice(starts)
        block = bytearray(tar[at : at + _BLOCK].ljust(_BLOCK, b"\0"))
        start, size = rng.choice(_FIELDS)
        value = rng.choice(
            (number(rng.choice(_SIZES)), rng.randbytes(size), b"", b"\xff" * size, b"7" * size)
        )
        if start == 156:
            value = bytes([rng.choice(_EVERY_TYPE)])
        block[start : start + size] = value[:size].ljust(size, b"\0")
        return tar[:at] + summed(block) + tar[at + _BLOCK :]
    if kind < 0.7:
        at = rng.choice(starts) if starts else at
        return tar[:at] + member(rng) + tar[at:]
    if kind < 0.8:
        return tar[:at] + tar[at + _BLOCK :]
    if kind < 0.9:
        return tar[:at] + tar[at : at + _BLOCK] * 2 + tar[at + _BLOCK :]
    return mutators.mutated(tar, (), rng)


def packed(tar: bytes, rng: random.Random) -> bytes:
    """The same as a gzip, mostly; in pieces, with garbage after it, or by another packer."""
    kind = rng.random()
    if kind < 0.6:
        return gzip.compress(tar, 1, mtime=0)
    if kind < 0.7:
        half = rng.randrange(len(tar) + 1)
        return gzip.compress(tar[:half], 1, mtime=0) + gzip.compress(tar[half:], 1, mtime=0)
    if kind < 0.78:
        return gzip.compress(tar, 1, mtime=0) + rng.choice(
            (b"\0" * 100, b"garbage", b"\x1f\x8b", b"\x1f\x8b\x08\0")
        )
    if kind < 0.92:
        return tar
    return rng.choice((bz2.compress, lambda data: lzma.compress(data, preset=0), _zipped))(tar[: 1 << 16])


def _zipped(tar: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", tar)
        archive.writestr("model/code/x.py", b"neuron")
    return file.getvalue()


def bomb(rng: random.Random) -> bytes:
    """More than may be unpacked, or much for its size."""
    return _zeros(rng.choice((80 << 20, 3 << 20)))


@functools.cache
def _zeros(size: int) -> bytes:
    tar = header(b"1/saved_model.pb", size) + bytes(size)
    return gzip.compress(tar, 1, mtime=0)


def written(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A plain tar of these files, as tar writes it."""
    return b"".join(header(name.encode(), len(data)) + padded(data) for name, data in files) + bytes(
        2 * _BLOCK
    )
