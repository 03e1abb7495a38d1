"""A model on this machine: a directory is served where it lies, an archive is unpacked into the cache."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import BinaryIO, cast

from neuronserve.artifact import archive, members, space
from neuronserve.artifact.digests import Digests
from neuronserve.artifact.manifest import Manifest, boot
from neuronserve.artifact.progress import UNPACK, Progress
from neuronserve.artifact.source import Order, Tree, readable
from neuronserve.artifact.strangers import not_packed
from neuronserve.errors import DigestMismatch

_MODEL_HEAD = 16 << 20  # bytes by which a model of another framework is recognised
log = logging.getLogger(__name__)


def obtain(path: Path, order: Order) -> Tree:
    """The tree at a path, or in the archive at a path. Raises ArtifactError."""
    with readable(path):
        if not path.is_dir():
            return _unpacked(path, order)
        packed = _lone_archive(path)
        if packed is not None:
            log.info("%s holds nothing but %s: unpacking it", path, packed.name)
            return _unpacked(packed, order)
    if order.settings.model_digest:
        _no_digest(path, fatal=order.fatal)
    return Tree(path, source=str(path))


def in_place(path: Path) -> bool:
    """Whether what is there is served where it lies. Raises ArtifactError where it cannot be read."""
    with readable(path):
        path.stat()
        return path.is_dir() and _lone_archive(path) is None


def _lone_archive(folder: Path) -> Path | None:
    """The archive in a folder that holds nothing else: the platform left it packed."""
    entries = [entry for entry in os.scandir(folder) if not members.is_junk(entry.name)]
    if len(entries) != 1 or not entries[0].is_file():
        return None
    path = Path(entries[0].path)
    return path if archive.looks_packed(_head(path)) else None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(archive.HEAD)


def _unpacked(path: Path, order: Order) -> Tree:
    found = path.stat()
    what = str(path)
    head = _head(path)
    if not archive.looks_packed(head):  # before anything is made in the cache
        hint = f"set MODEL_URI={path.parent}" if path.name.startswith("saved_model.pb") else ""
        with path.open("rb") as file:
            head = file.read(_MODEL_HEAD)
        raise not_packed(what, head, archive.describe(head), hint)
    cache = order.cache()
    identity = (
        f"{path.resolve()}\n{found.st_dev} {found.st_ino} {found.st_mtime_ns} {found.st_size}\n{order.mark}"
    )
    with cache.entry(identity, order.report) as entry:
        kept = entry.reuse(order.report)
        if kept is not None:
            log.info("reused %s from %s", what, entry.path)
            return Tree(entry.tree, what, kept.digest, reused=True)
        cache.prune(entry)
        entry.begin(resume=False)
        needed = _unpacked_size(path, found.st_size, head)
        try:
            cache.make_room(entry, needed, what)
            with space.guarded(cache.root, needed, what):
                complete = _unpack(path, entry.staging, order)
                entry.publish(complete)
        except BaseException:
            entry.discard()
            raise
        return Tree(entry.tree, what, complete.digest)


def _unpacked_size(path: Path, size: int, head: bytes) -> int:
    if not archive.is_gzip(head):
        return size
    with path.open("rb") as file:
        file.seek(max(0, size - 4))
        return space.unpacked_hint(file.read(4), size)


def _unpack(path: Path, root: Path, order: Order) -> Manifest:
    from neuronserve.artifact.unpack import Unpacker

    sums = Digests(order.expected)
    what = str(path)
    with path.open("rb", buffering=0) as raw:
        size = os.fstat(raw.fileno()).st_size

        def arrived(_unpacked: int) -> None:
            order.report(Progress(UNPACK, min(raw.tell(), size), size))

        unpacker = Unpacker(root, what, order.bounds, arrived=arrived)
        with archive.opened(cast("BinaryIO", raw), what, sums) as stream:
            unpacker.run(stream)
    return Manifest(unpacker.rows, sums.settle(what), boot())


def _no_digest(path: Path, *, fatal: bool) -> None:
    message = f"MODEL_DIGEST is set, but {path} is a directory: there is no archive to compare it with"
    if fatal:
        raise DigestMismatch(message, hint="unset MODEL_DIGEST, or let MODEL_URI name the archive")
    log.warning(message)
