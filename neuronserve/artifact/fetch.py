"""From a store into the cache's staging tree."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

from isal import isal_zlib

from neuronserve.artifact import archive, space
from neuronserve.artifact.arrivals import Arrivals
from neuronserve.artifact.cache import Cache, Entry
from neuronserve.artifact.digests import Digests
from neuronserve.artifact.download import Download
from neuronserve.artifact.journal import Journal
from neuronserve.artifact.manifest import Manifest, Row, boot
from neuronserve.artifact.objects import Piece, RemoteObject, cut
from neuronserve.artifact.progress import DOWNLOAD, UNPACK, VERIFY, Progress
from neuronserve.artifact.s3 import Store
from neuronserve.artifact.source import Order
from neuronserve.artifact.spool import DiskSpool, InOrder, MemorySpool, Spool
from neuronserve.artifact.unpack import Unpacker
from neuronserve.errors import CorruptArchive, DigestMismatch

log = logging.getLogger(__name__)


class Fetching:
    """One artifact on its way into one entry of the cache."""

    def __init__(self, store: Store, cache: Cache, entry: Entry, order: Order) -> None:
        self._store = store
        self._cache = cache
        self.entry = entry
        self._order = order

    def archive(self, one: RemoteObject) -> Manifest:
        """An archive: unpacked into the staging tree while it arrives, verified before it is returned."""
        what = str(one)
        if one.size == 0:
            raise CorruptArchive(f"{what} is empty", hint="upload it again")
        pieces = cut([one.size])
        needed, on_disk = self._room(one)
        self.entry.begin(resume=on_disk)
        arrivals = Arrivals(ahead=None if on_disk else self._order.settings.download_connections + 2)
        sums = Digests((*self._order.expected, *one.expected))
        meter = _Meter(one.size, self._order)
        with space.guarded(self._cache.root, needed, what):
            spool, download = self._download((one,), pieces, arrivals, meter, on_disk=on_disk)
            unpacker = Unpacker(self.entry.staging, what, self._order.bounds, arrived=meter.unpacked)
            with download:
                raw = cast("BinaryIO", InOrder(pieces, spool, arrivals))
                with archive.opened(raw, what, sums) as stream, arrivals.failing():
                    unpacker.run(stream)
        _compare_crc(one, _joined(pieces, arrivals), fatal=self._order.fatal)
        return Manifest(unpacker.rows, sums.settle(what), boot())

    def objects(self, objects: tuple[RemoteObject, ...], what: str) -> Manifest:
        """The objects of a prefix: each goes to its place in the staging tree, resumed like an archive."""
        if self._order.settings.model_digest:
            message = f"MODEL_DIGEST is set, but {what} is a prefix: there is no archive to compare it with"
            if self._order.fatal:
                raise DigestMismatch(message, hint="unset MODEL_DIGEST, or let MODEL_URI name the archive")
            log.warning(message)
        total = sum(one.size for one in objects)
        pieces = cut([one.size for one in objects])
        self._cache.make_room(self.entry, max(0, total - _used(self.entry)), what)
        self.entry.staging.mkdir(parents=True, exist_ok=True)  # files in it are resumed, so it is kept
        arrivals = Arrivals()
        with space.guarded(self._cache.root, total, what):
            for one in objects:
                place = self.entry.staging / one.path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
            _, download = self._download(objects, pieces, arrivals, _Meter(total, self._order), on_disk=True)
            with download:
                for piece in pieces:
                    arrivals.wait(piece.index)
        rows = {one.path: Row(0, 0) for one in objects}
        for item, group in itertools.groupby(pieces, key=lambda piece: piece.item):
            rows[objects[item].path] = Row(objects[item].size, _joined(group, arrivals))
        self._verify(objects)
        return Manifest(rows, "", boot())

    def _room(self, one: RemoteObject) -> tuple[int, bool]:
        """At least how many bytes are needed, and whether the archive fits beside what it unpacks to."""
        needed = one.size
        free = space.free(self._cache.root)
        tight = free < 8 * one.size  # otherwise not worth two round trips
        if tight and archive.is_gzip(self._store.some(one, 0, min(2, one.size))):
            needed = space.unpacked_hint(self._store.some(one, max(0, one.size - 4), one.size), one.size)
        beside = max(0, one.size - _used(self.entry))
        if free >= needed + beside + space.MARGIN:
            return needed, True
        self._cache.prune(self.entry, older_than=0)
        if space.free(self._cache.root) >= needed + beside + space.MARGIN:
            return needed, True
        self.entry.discard()
        self._cache.make_room(self.entry, needed, str(one))
        log.info("%s does not fit on the disk beside what it unpacks to: a killed start will begin anew", one)
        return needed, False

    def _download(
        self,
        objects: Sequence[RemoteObject],
        pieces: Sequence[Piece],
        arrivals: Arrivals,
        meter: _Meter,
        *,
        on_disk: bool,
    ) -> tuple[Spool, Download]:
        spool: Spool = MemorySpool()
        note = None
        if on_disk:
            single = len(objects) == 1 and not objects[0].path
            spool = DiskSpool(
                [self.entry.spool] if single else [self.entry.staging / o.path for o in objects]
            )
            journal = Journal(self.entry.journal, objects)
            done = journal.resume(pieces, spool)
            for index, crc in done.items():
                arrivals.arrived(index, crc)
                meter.received(pieces[index].end - pieces[index].start)
            if done:
                log.info("resumed: %d of %d pieces were here already", len(done), len(pieces))
            note = journal.note
        download = Download(
            self._store,
            objects,
            pieces,
            spool,
            arrivals,
            patience=self._order.patience,
            connections=self._order.settings.download_connections,
            received=meter.received,
            finished=(lambda piece, crc: note(piece.index, crc)) if note else (lambda _piece, _crc: None),
        )
        return spool, download

    def _verify(self, objects: Sequence[RemoteObject]) -> None:
        """Each object's own check sum, where the store's listing gives one."""
        for one in objects:
            if not one.expected:
                continue
            self._order.report(Progress(VERIFY, detail=one.path))
            sums = Digests(one.expected)
            with (self.entry.staging / one.path).open("rb", buffering=0) as file:
                while data := file.read(archive.BLOCK):
                    sums.update(data)
            sums.settle(str(one))


class _Meter:
    """Adds up what several threads received, and reports it."""

    def __init__(self, total: int, order: Order) -> None:
        self._total = total
        self._report = order.report
        self._lock = threading.Lock()
        self._done = 0

    def received(self, count: int) -> None:
        with self._lock:
            self._done += count
        self._report(Progress(DOWNLOAD, self._done, self._total))

    def unpacked(self, written: int) -> None:
        if self._done >= self._total:  # until then the download is what one waits for
            self._report(Progress(UNPACK, written))


def _joined(pieces: Iterable[Piece], arrivals: Arrivals) -> int:
    """The CRC-32 of an object from those of its pieces."""
    crc = 0
    for piece in pieces:
        crc = isal_zlib.crc32_combine(crc, arrivals.wait(piece.index), piece.end - piece.start)
    return crc


def _compare_crc(one: RemoteObject, crc: int, *, fatal: bool) -> None:
    if one.crc32 is None or one.crc32 == crc:
        return
    message = f"{one} has the CRC-32 {crc:08x}, but the store says {one.crc32:08x}"
    if fatal:
        raise DigestMismatch(message, hint="it was damaged on its way; if that repeats, upload it again")
    log.warning(message)


def _used(entry: Entry) -> int:
    """Bytes on the disk already, of an earlier start."""
    try:
        return sum(path.stat().st_blocks * 512 for path in entry.partial.rglob("*") if path.is_file())
    except OSError:
        return 0
