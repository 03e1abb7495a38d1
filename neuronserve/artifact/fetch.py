"""From a store into the cache's staging tree."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

from isal import isal_zlib

from neuronserve.artifact import archive, space, verification
from neuronserve.artifact.arrivals import Arrivals
from neuronserve.artifact.cache import Cache, Entry
from neuronserve.artifact.digests import Digests, Expected
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

    def __init__(self, store: Store, cache: Cache, entry: Entry, order: Order, *, exact: bool) -> None:
        self._store = store
        self._cache = cache
        self.entry = entry
        self._order = order
        self._exact = exact  # ask for the size of every part: sizes that were inferred seemed wrong

    def archive(self, one: RemoteObject) -> Manifest:
        """An archive: unpacked into the staging tree while it arrives, verified before it is returned."""
        what = str(one)
        if one.size == 0:
            raise CorruptArchive(f"{what} is empty", hint="upload it again")
        needed, on_disk = self._room(one)
        pieces = cut([one.size])  # after the room: a store may claim any size
        checks = self._checks((one,))[0]
        self.entry.begin(resume=on_disk)
        arrivals = Arrivals(ahead=None if on_disk else self._order.settings.download_connections + 2)
        sums = Digests((*self._order.expected, *checks))
        meter = _Meter(one.size, self._order)
        with space.guarded(self._cache.root, needed, what):
            spool, download = self._download((one,), pieces, arrivals, meter, on_disk=on_disk)
            unpacker = Unpacker(self.entry.staging, what, self._order.bounds, arrived=meter.unpacked)
            with download:
                raw = cast("BinaryIO", InOrder(pieces, spool, arrivals))
                # what seems corrupt is read to its end, to be compared with what the store says
                with (
                    arrivals.failing(),
                    archive.opened(raw, what, sums) as stream,
                    arrivals.failing(unless=CorruptArchive),
                ):
                    unpacker.run(stream)
        return Manifest(unpacker.rows, sums.settle(what), boot(), verification.words(checks))

    def objects(self, objects: tuple[RemoteObject, ...], what: str) -> Manifest:
        """The objects of a prefix: each goes to its place in the staging tree, resumed like an archive."""
        if self._order.settings.model_digest:
            message = f"MODEL_DIGEST is set, but {what} is a prefix: there is no archive to compare it with"
            if self._order.fatal:
                raise DigestMismatch(message, hint="unset MODEL_DIGEST, or let MODEL_URI name the archive")
            log.warning(message)
        objects = verification.described(self._store, objects)
        checks = self._checks(objects)
        total = sum(one.size for one in objects)
        pieces = cut([one.size for one in objects])
        self._cache.make_room(self.entry, max(0, total - _used(self.entry)), what)
        self.entry.staging.mkdir(parents=True, exist_ok=True)  # files in it are resumed, so it is kept
        arrivals = Arrivals()
        rows = {one.path: Row(0, 0) for one in objects}
        with space.guarded(self._cache.root, total, what):
            for one in objects:
                place = self.entry.staging / one.path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
            spool, download = self._download(
                objects, pieces, arrivals, _Meter(total, self._order), on_disk=True
            )
            with download, arrivals.failing():
                for item, group in itertools.groupby(pieces, key=lambda piece: piece.item):
                    parts = list(group)
                    # compared while it arrives, so that it is still in memory
                    _compare(InOrder(parts, spool, arrivals), checks[item], str(objects[item]))
                    rows[objects[item].path] = Row(objects[item].size, _joined(parts, arrivals))
        return Manifest(rows, "", boot(), verification.words(one for found in checks for one in found))

    def _checks(self, objects: Sequence[RemoteObject]) -> list[tuple[Expected, ...]]:
        """What each object's bytes are compared with; what can be compared with nothing is said."""
        self._order.report(Progress(VERIFY, detail="what the store says of its bytes"))
        exact = self._exact or not self._order.fatal  # a warning has no second look
        found = [
            verification.expected(self._store, one, fatal=self._order.fatal, exact=exact) for one in objects
        ]
        verification.say_what_is_not(
            zip(objects, found, strict=True), otherwise=bool(self._order.settings.model_digest)
        )
        return found

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


def _compare(stream: InOrder, checks: tuple[Expected, ...], what: str) -> None:
    """Reads one object to its end. Raises DigestMismatch."""
    sums = Digests(checks)
    while sums.needed and (data := stream.read(archive.BLOCK)):
        sums.update(data)
    sums.settle(what)


def _used(entry: Entry) -> int:
    """Bytes on the disk already, of an earlier start."""
    try:
        return sum(path.stat().st_blocks * 512 for path in entry.partial.rglob("*") if path.is_file())
    except OSError:
        return 0
