"""What an artifact's bytes must hash to, and who said so."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from neuronserve.artifact import hashes
from neuronserve.artifact.hashes import Hash, Parted
from neuronserve.errors import DigestMismatch

log = logging.getLogger(__name__)

_WORTH_A_THREAD = 1 << 16  # bytes


class Damaged(DigestMismatch):
    """The bytes are not those that the store holds: they changed on their way.

    ``assumed``: or the sizes of the object's parts, which were inferred from the first one, are others.
    """

    assumed = False


@dataclasses.dataclass(frozen=True)
class Expected:
    """The archive's hash by one of ``algorithms`` is ``value`` (hex); ``origin`` said so.

    With ``parts`` (their sizes in bytes) it is the hash of the hashes of these parts; ``assumed``: sizes that
    were inferred from that of the first one. ``stored``: the store said so about its own bytes.
    When it is not so: an error, or a warning where not ``fatal``.
    """

    algorithms: tuple[str, ...]
    value: str
    origin: str
    fatal: bool = True
    parts: tuple[int, ...] = ()
    assumed: bool = False
    stored: bool = False


def from_setting(text: str | None, *, on_mismatch: str) -> tuple[Expected, ...]:
    """MODEL_DIGEST as checked by the settings: ``sha256:<64>`` or ``blake2b:<64 or 128>`` hex digits."""
    if not text:
        return ()
    algorithm, _, value = text.partition(":")
    if algorithm == "blake2b" and len(value) == 64:
        algorithm = "blake2b-256"
    return (Expected((algorithm,), value, "MODEL_DIGEST", fatal=on_mismatch == "fail"),)


def from_job(text: str) -> tuple[Expected, ...]:
    """A compilation job's ArtifactDigest, where its form is one we know; only ever a warning.

    The API documents neither length nor which bytes are hashed: 128 hex digits fit BLAKE2b, 64 fit
    BLAKE2b-256 and BLAKE2s; a prefix may name the algorithm.
    """
    algorithm, _, value = text.strip().lower().rpartition(":")
    try:
        bytes.fromhex(value)
    except ValueError:
        return ()
    known = {128: ("blake2b",), 64: ("blake2b-256", "blake2s")}.get(len(value), ())
    if algorithm == "sha256" and len(value) == 64:
        known = ("sha256",)
    elif algorithm not in ("", "blake2", "blake2b", "blake2s"):
        known = ()
    return (Expected(known, value, "the compilation job's ArtifactDigest", fatal=False),) if known else ()


class Digests:
    """Hashes bytes as they pass, by as many algorithms as the expectations need (often none).

    In a thread of its own, one piece behind: MD5 is slower than what unpacks, and lets other threads run.
    """

    def __init__(self, expected: Iterable[Expected]) -> None:
        self._expected = tuple(expected)
        wanted = dict.fromkeys((name, one.parts) for one in self._expected for name in one.algorithms)
        self._hashes: dict[tuple[str, tuple[int, ...]], Hash] = {
            (name, parts): Parted(name, parts) if parts else hashes.new(name) for name, parts in wanted
        }
        self._thread: ThreadPoolExecutor | None = None
        self._piece: Future[None] | None = None  # that is being hashed

    @property
    def needed(self) -> bool:
        return bool(self._hashes)

    def update(self, data: bytes) -> None:
        self._finish_piece()
        if len(data) < _WORTH_A_THREAD:
            self._hash(data)
            return
        self._thread = self._thread or ThreadPoolExecutor(1, "digests")
        self._piece = self._thread.submit(self._hash, data)

    def _hash(self, data: bytes) -> None:
        for one in self._hashes.values():
            one.update(data)

    def _finish_piece(self) -> None:
        piece, self._piece = self._piece, None
        if piece is not None:
            piece.result()

    def settle(self, what: str) -> str:
        """Compare; the digest to remember, ``algorithm:hex`` or "". Raises DigestMismatch, or Damaged."""
        self._finish_piece()
        found = {key: one.digest().hex() for key, one in self._hashes.items()}
        for one in sorted(self._expected, key=lambda one: not one.stored):  # damage first: it may be mended
            values = {name: found[name, one.parts] for name in one.algorithms}
            if one.value not in values.values():
                _complain(what, one, values)
        whole = {name: value for (name, parts), value in found.items() if not parts}
        best = next((name for name in ("sha256", *whole) if name in whole), "")
        return f"{best}:{whole[best]}" if best else ""


def _complain(what: str, expected: Expected, found: dict[str, str]) -> None:
    values = " or ".join(f"{name}:{value}" for name, value in found.items())
    message = f"{what} hashes to {values}, but {expected.origin} says {expected.value}"
    if not expected.fatal:
        log.warning(message)
    elif expected.stored:
        error = Damaged(message, hint="it was damaged on its way; if that repeats, upload it again")
        error.assumed = expected.assumed
        raise error
    else:
        raise DigestMismatch(
            message,
            hint="the object is not the one that was meant; upload it again, or correct the digest",
        )
