"""Members -> a tar.gz: from the same files the same bytes, whoever packs them, where and when.

Members are sorted by path; owner, times and modes are fixed, and the gzip header has no name and no time.
What is left to decide is zlib: another release, or another implementation behind its name, may find other
matches at the same level. So the same bytes come from the same zlib (``ZLIB``), and from any at level 0.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from neuronserve.deploy.packing.walk import Member
from neuronserve.errors import DiskFull, InvalidInput

LEVEL = 6
ZLIB = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
_TIME = 315532800  # 1980-01-01: the first that a zip file, and so a wheel made of these files, can hold
_BLOCK = 1 << 20
_PROGRAMS = (b"#!", b"\x7fELF")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclasses.dataclass(frozen=True)
class Packed:
    """An archive that was written. Sizes in bytes; ``unpacked`` without tar's own headers.

    ``sha256`` and ``blake2b``: as MODEL_DIGEST takes them.
    """

    path: Path
    size: int
    unpacked: int
    members: int
    sha256: str
    blake2b: str


def moved(packed: Packed, path: Path) -> Packed:
    """The same archive under another name."""
    return dataclasses.replace(packed, path=path)


def write(members: Sequence[Member], path: Path, *, level: int = LEVEL) -> Packed:
    """Write the archive to ``path``, which must not be there; what was begun is removed on an error.

    Raises InvalidInput for a file that cannot be read, or that changes meanwhile, and DiskFull.
    """
    try:
        file = path.open("xb")
        try:
            with file:
                return _write(members, file, path, level)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"{path}: {error.strerror}", hint="free some, or see -o") from None
        raise InvalidInput(f"{path}: {error.strerror or error}") from None


def _write(members: Sequence[Member], file: IO[bytes], path: Path, level: int) -> Packed:
    counted = _Counted(file)
    unpacked = 0
    ordered = sorted(members, key=lambda member: member.path.encode())
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=counted, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as tar,
    ):
        folders: set[str] = set()
        for member in ordered:
            for folder in _folders(member.path, folders):
                tar.addfile(_header(folder, 0o755, tarfile.DIRTYPE))
            unpacked += _add(tar, member)
    file.flush()
    os.fsync(file.fileno())
    return Packed(
        path, counted.size, unpacked, len(ordered),
        f"sha256:{counted.sha256.hexdigest()}", f"blake2b:{counted.blake2b.hexdigest()}",
    )  # fmt: skip


def _folders(path: str, known: set[str]) -> Iterator[str]:
    """The folders above a file that were not there before, outermost first."""
    parts = path.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        folder = "/".join(parts[:n])
        if folder not in known:
            known.add(folder)
            yield folder


def _add(tar: tarfile.TarFile, member: Member) -> int:
    with _readable(member.source) as stream:
        before = os.fstat(stream.fileno())
        head = stream.read(4)
        stream.seek(0)
        # by content, not by mode: file systems of other systems call everything executable, or nothing
        mode = 0o755 if head.startswith(_PROGRAMS) else 0o644
        header = _header(member.path, mode, tarfile.REGTYPE)
        header.size = before.st_size
        source = _Source(stream, member.source)
        tar.addfile(header, source)
        after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InvalidInput(f"{member.source} was changed while it was packed", hint="pack it again")
    return header.size


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[IO[bytes]]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
    with stream:
        yield stream


def _header(path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.type, header.mode, header.mtime = kind, mode, _TIME
    header.uid = header.gid = 0
    header.uname = header.gname = ""
    return header


class _Source(io.RawIOBase):
    """A file that is read to its promised end; a shorter one is named in the error."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        super().__init__()
        self._stream, self._path = stream, path

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise InvalidInput(f"{self._path}: {error.strerror}") from None
        if len(data) < size:
            raise InvalidInput(f"{self._path} was cut while it was packed", hint="pack it again")
        return data


class _Counted(io.RawIOBase):
    """Counts and hashes what goes through to a file."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.blake2b = hashlib.blake2b()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._file.write(data)
        self.sha256.update(data)
        self.blake2b.update(data)
        self.size += len(data)
        return len(data)
