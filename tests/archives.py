"""Builders of model archives and trees, without TensorFlow: for layouts any bytes are a SavedModel."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

GRAPH = b"not a real graph, but a file"
Member = tuple[tarfile.TarInfo, bytes]


def saved_model(folder: str = "", *, weights: int = 64) -> dict[str, bytes]:
    """The files of one SavedModel; ``weights`` bytes of incompressible variables."""
    top = f"{folder}/" if folder else ""
    return {
        f"{top}saved_model.pb": GRAPH,
        f"{top}variables/variables.index": b"index",
        f"{top}variables/variables.data-00000-of-00001": random.Random(weights).randbytes(weights),
    }


def member(
    name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644
) -> Member:
    """One member as tar writes it, whatever it claims."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size = kind, link, mode, len(data)
    return info, data


def tar(members: Iterable[Member] | Mapping[str, bytes]) -> bytes:
    """An uncompressed archive."""
    if isinstance(members, Mapping):
        members = [member(name, data) for name, data in members.items()]
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape"
    ) as packed:
        for info, data in members:
            packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tar_gz(members: Iterable[Member] | Mapping[str, bytes]) -> bytes:
    """The usual form of a model."""
    return gzip.compress(tar(members), compresslevel=1, mtime=0)


def grow(root: Path, files: Mapping[str, bytes]) -> Path:
    """The same files as a tree under ``root``."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def files_below(root: Path) -> dict[str, bytes]:
    """What a tree holds, links followed."""
    found = {}
    for folder, _, names in os.walk(root, followlinks=True):
        for name in names:
            path = Path(folder, name)
            found[str(path.relative_to(root))] = path.read_bytes()
    return found
