"""By what the bytes of stored objects are compared with what their store says of them.

Sums of the whole object are compared as they are. For a sum over the sums of its parts, as uploads in
several parts have, the parts' sizes are needed. HEAD with a part's number tells one; the first one's is asked
for, and the others are taken to be as large where that fits the object's size. Where it does not, or the
bytes then seem wrong (``exact``), each is asked for. It takes no other right than reading the object does.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from neuronserve.artifact.digests import Expected
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.objects import RemoteObject
from neuronserve.artifact.s3 import Store
from neuronserve.artifact.s3errors import Changed
from neuronserve.errors import ArtifactError

T = TypeVar("T")
log = logging.getLogger(__name__)
_MANY = 3  # names in a log line


def expected(store: Store, one: RemoteObject, *, fatal: bool, exact: bool) -> tuple[Expected, ...]:
    """What an object's bytes must hash to, as far as its store tells."""
    found: list[Expected] = []
    for total in one.sums or ():
        sizes: tuple[int, ...] = ()
        assumed = False
        if total.parts:
            told = _sizes(store, one, total.parts, exact=exact)
            if told is None:
                continue
            sizes, assumed = told
        found.append(
            Expected(
                (total.algorithm,), total.value, total.origin, fatal, sizes, assumed=assumed, stored=True
            )
        )
    return tuple(found)


def described(store: Store, objects: Iterable[RemoteObject]) -> tuple[RemoteObject, ...]:
    """The objects of a listing with what the store says about each one's bytes. Raises Changed.

    A listing tells an ETag, and not whether the object is encrypted so that it is no MD5.
    """

    def described_one(one: RemoteObject) -> RemoteObject:
        if one.sums is not None or not one.size:
            return one
        try:
            found = store.head(S3Location(one.bucket, one.key))
        except ArtifactError as error:  # of what may be listed and read, and no more
            log.info("what the store says about %s cannot be had: %s", one, error)
            return one
        if (found.etag, found.size) != (one.etag, one.size):
            raise Changed(str(one))
        return dataclasses.replace(one, sums=found.sums)

    return tuple(_at_once(store, described_one, objects))


def say_what_is_not(objects: Iterable[tuple[RemoteObject, tuple[Expected, ...]]], *, otherwise: bool) -> None:
    """Name the objects that nothing can be compared with; ``otherwise``: MODEL_DIGEST says what they are."""
    names = [str(one) for one, checks in objects if one.size and not checks]
    if not names or otherwise:
        return
    more = f" and {len(names) - _MANY:,} more" if len(names) > _MANY else ""
    log.warning(
        "the bytes of %s%s cannot be checked against the store: it tells no check sum of them, and their "
        "ETag is no MD5; upload with one (aws s3 cp --checksum-algorithm CRC64NVME), or set MODEL_DIGEST",
        ", ".join(names[:_MANY]),
        more,
    )


def words(checks: Iterable[Expected]) -> str:
    """What was compared, for the log and the manifest."""
    return ", ".join(dict.fromkeys(one.origin for one in checks))


def _sizes(
    store: Store, one: RemoteObject, count: int, *, exact: bool
) -> tuple[tuple[int, ...], bool] | None:
    """The sizes of an object's parts, and whether they were inferred; None where the store does not tell."""
    if count == 1:
        return (one.size,), False
    try:
        first, told = store.part(one, 1)
        if told not in (0, count) or not 0 < first < one.size:
            return None
        rest = one.size - first * (count - 1)
        if 0 < rest <= first and not exact:
            return (*[first] * (count - 1), rest), count > 2
        others = _at_once(store, lambda number: store.part(one, number)[0], range(2, count + 1))
        sizes = (first, *others)
    except ArtifactError as error:
        log.info("the sizes of the parts of %s cannot be had: %s", one, error)
        return None
    return (sizes, False) if sum(sizes) == one.size else None


def _at_once(store: Store, call: Callable[..., T], items: Iterable[object]) -> list[T]:
    """``call`` of each, as many at once as there are connections."""
    with ThreadPoolExecutor(store.connections, "ask") as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [one.result() for one in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
