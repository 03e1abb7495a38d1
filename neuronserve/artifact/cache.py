"""One entry per artifact, fetched once, published whole, and locked while it is being fetched.

::

    <root>/<key>.lock       flock: one start fetches, the others wait and reuse
    <root>/<key>.partial/   tree/, spool, journal: what a killed start resumes from
    <root>/<key>/           tree/, manifest.json: complete; it got its name by one rename

The key covers the artifact's address, its version (ETag, or time and size) and the digest it was
checked against, so an entry never has to be compared with its source again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from neuronserve import cachedir, folders, privileges
from neuronserve.artifact import manifest, space
from neuronserve.artifact.manifest import Manifest
from neuronserve.artifact.progress import VERIFY, WAITING, Progress, Report
from neuronserve.errors import ArtifactError, DiskFull, UnsafeFolder
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
STALE_SECONDS = 24 * 3600.0  # a partial that nobody resumed for a day
_POLL_SECONDS = 0.1


class Cache:
    """The folder of all entries. Raises ArtifactError when it cannot be written, or may be by others."""

    def __init__(self, root: Path | None) -> None:
        named = cachedir.place(root)
        try:
            self.root = folders.make(named)
        except folders.Unsafe as unsafe:
            raise UnsafeFolder(f"models are not kept in {named}: {unsafe.what}", hint=unsafe.do) from unsafe
        except OSError as error:
            raise _unusable(named, error) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise _unusable(self.root, PermissionError(13, "Permission denied"))

    def admit(self, group: int | None) -> None:
        """Let the members of a group read what lies in it, where only we may: a folder of ours."""
        status = self.root.stat()
        if group is None or status.st_uid != os.geteuid() or status.st_mode & 0o001:
            return
        try:
            os.chown(self.root, -1, group)
            self.root.chmod(0o750)
        except OSError as error:  # a file system without owners
            raise _unusable(self.root, error) from error

    @contextlib.contextmanager
    def entry(self, identity: str, report: Report) -> Iterator[Entry]:
        """The entry of an artifact, locked. Waits while another start holds it."""
        key = _key(identity)
        with _locked(self.root / f"{key}.lock", report):
            yield Entry(self.root / key)

    def prune(self, keep: Entry, *, older_than: float = STALE_SECONDS) -> None:
        """Remove what other starts left half-done, where nobody works on it."""
        for partial in self.root.glob("*.partial"):
            lock = partial.with_suffix(".lock")
            if partial == keep.partial or time.time() - _touched(partial) < older_than:
                continue
            with lock.open("a") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                log.info("removing %s, left by a start that never ended", partial)
                remove(partial)

    def make_room(self, entry: Entry, needed: int, what: str) -> None:
        """Raises DiskFull when ``needed`` more bytes do not fit, even without others' leftovers."""
        try:
            space.demand(self.root, needed, what)
        except DiskFull:
            self.prune(entry, older_than=0)
            space.demand(self.root, needed, what)


class Entry:
    """A place in the cache. Only its lock's holder may change it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_suffix(".partial")

    @property
    def tree(self) -> Path:
        """The published tree."""
        return self.path / "tree"

    @property
    def staging(self) -> Path:
        """The tree that is being made."""
        return self.partial / "tree"

    @property
    def spool(self) -> Path:
        return self.partial / "spool"

    @property
    def journal(self) -> Path:
        return self.partial / "journal"

    def reuse(self, report: Report) -> Manifest | None:
        """The manifest of what was published, if it is still whole; else it is removed."""
        if not os.path.lexists(self.path):
            return None
        try:
            for folder in (self.path, self.tree):
                folders.check(folder)
        except folders.Unsafe as unsafe:
            log.warning("%s: fetching the model again", unsafe.what)
            remove(self.path)
            return None
        except OSError:
            pass  # it is not whole
        found = manifest.read(self.path)
        if found is None:
            log.warning("%s has no manifest that can be read: fetching the model again", self.path)
            remove(self.path)
            return None
        report(Progress(VERIFY, detail="what is in the cache"))
        now = manifest.boot()
        deep = not now or found.boot != now
        fault = manifest.fault(self.tree, found, deep=deep)
        if fault:
            log.warning("%s is damaged (%s): fetching the model again", self.path, fault)
            remove(self.path)
            return None
        if deep:
            with contextlib.suppress(OSError):
                manifest.write(self.path, dataclasses.replace(found, boot=now))
        return found

    def begin(self, *, resume: bool) -> None:
        """An empty staging tree; of what an earlier start left, the spool and journal with ``resume``."""
        if not resume:
            remove(self.partial)
        remove(self.staging)
        self.staging.mkdir(parents=True)

    def publish(self, complete: Manifest) -> None:
        """The staging tree becomes the entry, at once: it appears whole or not at all."""
        for leftover in (self.spool, self.journal):
            leftover.unlink(missing_ok=True)
        manifest.write(self.partial, complete)
        self.partial.rename(self.path)

    def discard(self) -> None:
        """Remove what is half-done: it is of no use, or in the way."""
        remove(self.partial)


def remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def opened(settings: Settings) -> Cache:
    """The cache, with those let in who serve from it. Raises ArtifactError."""
    cache = Cache(settings.cache_dir)
    cache.admit(privileges.accounts(settings).group)
    return cache


def kept(root: Path | None, identity: str) -> Path | None:
    """The published tree of an artifact, as it lies there; None: there is none. Changes nothing."""
    entry = Entry(cachedir.place(root) / _key(identity))
    return entry.tree if manifest.read(entry.path) is not None and entry.tree.is_dir() else None


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:32]


def _unusable(root: Path, error: OSError) -> ArtifactError:
    return ArtifactError(
        f"models cannot be kept in {root}: {error.strerror}",
        hint="set SERVE_CACHE_DIR to a directory that this user may write, or mount a tmpfs on /tmp",
    )


def _touched(partial: Path) -> float:
    times = [0.0]
    for path in (partial, partial / "journal", partial / "spool"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


@contextlib.contextmanager
def _locked(path: Path, report: Report) -> Iterator[None]:
    with path.open("a") as file:  # the kernel drops the lock with the process, however it ends
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(Progress(WAITING, detail="another start fetches the same model"))
                time.sleep(_POLL_SECONDS)
        yield
