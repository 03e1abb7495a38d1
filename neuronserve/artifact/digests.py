"""What an artifact's bytes must hash to, and who said so."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from neuronserve.errors import DigestMismatch

log = logging.getLogger(__name__)


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


ALGORITHMS: dict[str, Callable[[], Hash]] = {
    # usedforsecurity: MD5 only guards against broken transfers, and must work under FIPS too
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,
    "blake2b-256": lambda: hashlib.blake2b(digest_size=32),
    "blake2s": hashlib.blake2s,
}


@dataclasses.dataclass(frozen=True)
class Expected:
    """The archive's hash by one of ``algorithms`` is ``value`` (hex); ``origin`` said so.

    When it is not: an error, or a warning where not ``fatal``.
    """

    algorithms: tuple[str, ...]
    value: str
    origin: str
    fatal: bool = True


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
    """Hashes bytes as they pass, by as many algorithms as the expectations need (often none)."""

    def __init__(self, expected: Iterable[Expected]) -> None:
        self._expected = tuple(expected)
        names = dict.fromkeys(name for one in self._expected for name in one.algorithms)
        self._hashes = {name: ALGORITHMS[name]() for name in names}

    @property
    def needed(self) -> bool:
        return bool(self._hashes)

    def update(self, data: bytes) -> None:
        for one in self._hashes.values():
            one.update(data)

    def settle(self, what: str) -> str:
        """Compare; the digest to remember, ``algorithm:hex`` or "". Raises DigestMismatch."""
        found = {name: one.hexdigest() for name, one in self._hashes.items()}
        for one in self._expected:
            if one.value not in (found[name] for name in one.algorithms):
                _complain(what, one, found)
        best = next((name for name in ("sha256", *found) if name in found), "")
        return f"{best}:{found[best]}" if best else ""


def _complain(what: str, expected: Expected, found: dict[str, str]) -> None:
    values = " or ".join(f"{name}:{found[name]}" for name in expected.algorithms)
    message = f"{what} hashes to {values}, but {expected.origin} says {expected.value}"
    if expected.fatal:
        raise DigestMismatch(
            message,
            hint="the object is not the one that was meant, or was damaged on its way; upload it again, or "
            "correct the digest",
        )
    log.warning(message)
