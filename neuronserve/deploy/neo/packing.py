"""The tar.gz that Neo compiles: the same for the same files, whoever packs them and wherever.

Its digest is that of the tar: zlib's versions differ in what they make of the same bytes.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import tarfile
from pathlib import Path
from typing import BinaryIO, cast

from neuronserve.deploy.neo.model import Subject
from neuronserve.errors import InvalidInput

_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Packed:
    """``digest``: SHA-256 of the tar in it, in hex; ``size``: of the file, in bytes."""

    path: Path
    digest: str
    size: int


class _Hashing:
    """Passes on what is written, and hashes it."""

    def __init__(self, below: BinaryIO) -> None:
        self._below = below
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._below.write(data)


def pack(subject: Subject, target: Path) -> Packed:
    """Write the archive. Raises InvalidInput for a file that cannot be read, or a disk that is full."""
    try:
        with (
            target.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as zipped,
        ):
            hashing = _Hashing(cast("BinaryIO", zipped))
            with tarfile.open(
                fileobj=cast("BinaryIO", hashing), mode="w|", format=tarfile.PAX_FORMAT
            ) as archive:
                for name in sorted({*subject.files, *_above(subject)}):
                    _add(archive, name, subject.files.get(name))
        return Packed(target, hashing.digest.hexdigest(), target.stat().st_size)
    except OSError as error:
        raise InvalidInput(f"{error.filename or target}: {error.strerror}") from None


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises InvalidInput."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
    return digest.hexdigest()


def _above(subject: Subject) -> set[str]:
    """Every folder on the way, so that each is made with the same rights."""
    parts = [name.split("/")[:-1] for name in subject.files] + [name.split("/") for name in subject.folders]
    return {"/".join(names[:count]) for names in parts for count in range(1, len(names) + 1)}


def _add(archive: tarfile.TarFile, name: str, file: Path | None) -> None:
    member = tarfile.TarInfo(name)  # owner 0, time 0
    if file is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
        return
    with file.open("rb") as content:
        member.size, member.mode = file.stat().st_size, 0o644
        archive.addfile(member, content)
