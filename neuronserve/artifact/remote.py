"""A model in S3: an archive unpacked while it arrives, or the objects under a prefix."""

from __future__ import annotations

import logging

from neuronserve.artifact import fetch, listing, space
from neuronserve.artifact.cache import Cache, Entry
from neuronserve.artifact.digests import Damaged
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.manifest import Manifest
from neuronserve.artifact.objects import RemoteObject
from neuronserve.artifact.progress import LOCATE, Progress
from neuronserve.artifact.s3 import Store
from neuronserve.artifact.s3errors import Changed
from neuronserve.artifact.source import Order, Tree
from neuronserve.errors import (
    AccessDenied,
    CorruptArchive,
    DigestMismatch,
    DiskFull,
    HostileArchive,
    ModelNotFound,
    TransferError,
)

log = logging.getLogger(__name__)
_TRIES = 4  # for objects that are replaced while they are read
_PACKED = (".tar.gz", ".tgz", ".tar")
_USELESS = (CorruptArchive, DigestMismatch, DiskFull, HostileArchive, Changed)  # resuming would repeat them


def obtain(at: S3Location, order: Order) -> Tree:
    """The tree in the archive or under the prefix at an address. Raises ArtifactError."""
    order.report(Progress(LOCATE, detail=str(at)))
    store = Store(connections=order.settings.download_connections, patience=order.patience)
    cache = order.cache()
    exact = again = False
    for _ in range(_TRIES):
        try:
            return _obtain(at, order, store, cache, exact=exact)
        except Changed:
            log.warning("%s was replaced while it was read: starting again with the new one", at)
        except Damaged as error:
            if error.assumed and not exact:
                exact = True
                continue
            if again:
                raise
            again = True
            log.warning("%s: fetching it again", error)
    raise TransferError(
        f"{at} was replaced {_TRIES} times while it was read", hint="wait until its upload is over"
    )


def _obtain(at: S3Location, order: Order, store: Store, cache: Cache, *, exact: bool) -> Tree:
    found = locate(at, store, order)
    what = str(found if isinstance(found, RemoteObject) else at)
    with cache.entry(identity(found, store, order), order.report) as entry:
        kept = entry.reuse(order.report)
        if kept is not None:
            checked = kept.checked or "nothing of the store's"
            log.info("reused %s from %s, compared with %s when it came", what, entry.path, checked)
            return Tree(entry.tree, what, kept.digest, reused=True)
        cache.prune(entry)
        complete = _fetch(found, what, fetch.Fetching(store, cache, entry, order, exact=exact))
        return Tree(entry.tree, what, complete.digest)


def _fetch(found: RemoteObject | tuple[RemoteObject, ...], what: str, run: fetch.Fetching) -> Manifest:
    entry: Entry = run.entry
    try:
        complete = run.archive(found) if isinstance(found, RemoteObject) else run.objects(found, what)
        with space.guarded(entry.path.parent, 0, what):
            entry.publish(complete)
    except _USELESS as error:
        if not (isinstance(error, Damaged) and error.assumed):
            entry.discard()
        raise
    return complete


def locate(at: S3Location, store: Store, order: Order) -> RemoteObject | tuple[RemoteObject, ...]:
    """One archive, or the objects of a tree: the address by what is there. Raises ArtifactError."""
    if not at.prefix:
        try:
            return store.head(at)
        except ModelNotFound:
            below = S3Location(at.bucket, f"{at.key}/", prefix=True)
            if not _any_below(store, below):
                raise
            log.warning("%s is no object, but there are objects below it: taking it for %s", at, below)
            at = below
    objects = listing.arranged(at, store.listed(at), order.bounds)
    if not objects:
        raise ModelNotFound(
            f"{at}: no object has that prefix", hint="list the bucket with: aws s3 ls --recursive"
        )
    if len(objects) == 1 and objects[0].key.endswith(_PACKED):
        log.info("%s holds nothing but %s: unpacking it", at, objects[0])
        return store.head(S3Location(at.bucket, objects[0].key))
    return objects


def identity(found: RemoteObject | tuple[RemoteObject, ...], store: Store, order: Order) -> str:
    """What the cache knows it by."""
    single = isinstance(found, RemoteObject)
    objects = (found,) if isinstance(found, RemoteObject) else found
    names = "\n".join(one.identity for one in objects)
    return f"{store.endpoint}\n{single}\n{names}\n{order.mark}"


def _any_below(store: Store, below: S3Location) -> bool:
    try:
        return any(True for _ in store.listed(below, limit=1))
    except (AccessDenied, ModelNotFound):
        return False
