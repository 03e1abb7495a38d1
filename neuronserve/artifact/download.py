"""Several ranges at once, each with its own patience.

A cut connection costs only what had not arrived: the next try asks for the rest of the range.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from isal import isal_zlib

from neuronserve.artifact import transport
from neuronserve.artifact.arrivals import Arrivals
from neuronserve.artifact.objects import Piece, RemoteObject
from neuronserve.artifact.retry import Patience, Transient, patiently
from neuronserve.artifact.s3errors import translated
from neuronserve.artifact.spool import Spool, Write
from neuronserve.artifact.transport import Body
from neuronserve.errors import TransferError

CHUNK = 1 << 20
WORTH = transport.PACE  # bytes; a try that brought this much was no failure: patience starts over
_FAREWELL = 5.0  # seconds


class Store(Protocol):
    def get(self, one: RemoteObject, start: int, end: int) -> Body: ...


class Download:
    """A context: threads fetch ``pieces`` of ``objects`` into ``spool`` until all came or it is left.

    ``finished(piece, crc)`` and ``received(bytes)`` are called by several threads.
    """

    def __init__(  # noqa: PLR0913  the two ends, the four parties, three knobs: all are needed
        self,
        store: Store,
        objects: Sequence[RemoteObject],
        pieces: Sequence[Piece],
        spool: Spool,
        arrivals: Arrivals,
        *,
        patience: Patience,
        connections: int,
        received: Callable[[int], None] = lambda _: None,
        finished: Callable[[Piece, int], None] = lambda _piece, _crc: None,
    ) -> None:
        self._store = store
        self._objects = objects
        self._queue = iter([piece for piece in pieces if not arrivals.has(piece.index)])
        self._spool = spool
        self._arrivals = arrivals
        self._patience = patience
        self._received = received
        self._finished = finished
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"download-{i}", daemon=True)
            for i in range(min(connections, len(pieces)))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._arrivals.close()
        end = time.monotonic() + _FAREWELL
        for thread in self._threads:
            # one that hangs in the network is left behind: it is a daemon, and harmless
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self) -> None:
        try:
            while (piece := self._next()) and self._arrivals.admit(piece.index):
                crc = self._fetch(piece)
                if crc is None:
                    return
                self._finished(piece, crc)
                self._arrivals.arrived(piece.index, crc)
        except BaseException as error:  # noqa: BLE001  told to the reader, whatever it is
            self._arrivals.fail(error)

    def _next(self) -> Piece | None:
        with self._lock:
            return next(self._queue, None)

    def _fetch(self, piece: Piece) -> int | None:
        """The CRC-32 of the piece, now in the spool; None when the download is over."""
        run = _Run(self._store, self._objects[piece.item], piece, self._arrivals.stop, self._received)
        with self._spool.writing(piece) as write:
            while not run.ended:
                before = run.offset
                try:
                    patiently(lambda: run.attempt(write), self._patience, self._arrivals.stop)
                except TransferError:
                    if run.offset - before < WORTH:
                        raise
        return run.crc if run.offset == piece.end else None


class _Run:
    """One piece on its way: how far it came, over all tries."""

    def __init__(
        self,
        store: Store,
        one: RemoteObject,
        piece: Piece,
        stop: threading.Event,
        received: Callable[[int], None],
    ) -> None:
        self._store = store
        self._object = one
        self._piece = piece
        self._stop = stop
        self._received = received
        self.offset = piece.start
        self.crc = 0

    @property
    def ended(self) -> bool:
        return self.offset == self._piece.end or self._stop.is_set()

    def attempt(self, write: Write) -> None:
        """One request for what is missing. Raises Transient, Changed or ArtifactError."""
        if self.ended:
            return
        what = str(self._object)
        body = self._store.get(self._object, self.offset, self._piece.end)
        try:
            while not self.ended:
                with translated(what):  # writing stays outside: a full disk is no broken transfer
                    data = body.read(min(CHUNK, self._piece.end - self.offset))
                if not data:
                    missing = self._piece.end - self.offset
                    raise Transient(TransferError(f"{what}: the store sent {missing:,} bytes too few"))
                write(self.offset, data)
                self.crc = isal_zlib.crc32(data, self.crc)
                self.offset += len(data)
                self._received(len(data))
        finally:
            body.close()
