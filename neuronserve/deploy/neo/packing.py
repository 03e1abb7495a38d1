"""The tar.gz that Neo compiles: the same bytes for the same files, whoever packs them and wherever."""

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
    """``sha256``: of the file, in hex; ``size`` in bytes."""

    path: Path
    sha256: str
    size: int


def pack(subject: Subject, target: Path) -> Packed:
    """Write the archive. Raises InvalidInput for a file that cannot be read, or a disk that is full."""
    try:
        with (
            target.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as zipped,
            tarfile.open(fileobj=cast("BinaryIO", zipped), mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in sorted({*subject.files, *_above(subject)}):
                _add(archive, name, subject.files.get(name))
    except OSError as error:
        raise InvalidInput(f"{error.filename or target}: {error.strerror}") from None
    return read(target)


def read(path: Path) -> Packed:
    """An archive that is there already. Raises InvalidInput."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
            return Packed(path, digest.hexdigest(), file.tell())
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None


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
