"""Where the model would come from, asked without fetching or changing anything: for ``doctor``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve.artifact import cache
from neuronserve.artifact.location import Location, S3Location
from neuronserve.artifact.obtain import DEFAULT_MODEL_DIR, located
from neuronserve.artifact.progress import Progress
from neuronserve.artifact.retry import Patience
from neuronserve.artifact.source import Order
from neuronserve.errors import NoSavedModel
from neuronserve.settings import Settings


@dataclasses.dataclass(frozen=True)
class Stored:
    """What S3 holds at an address. ``objects``: how many; ``size``: bytes to download.

    ``unpacked``: at least how many bytes it comes to on the disk. ``endpoint``, ``region``: of the store as
    asked. ``kept``: the whole tree in the cache, of an earlier start; None: it would be downloaded.
    """

    source: str
    objects: int
    size: int
    unpacked: int
    endpoint: str
    region: str
    kept: Path | None


def whereabouts(
    settings: Settings, *, retries: int = 1, default_model_dir: Path = DEFAULT_MODEL_DIR
) -> Location:
    """What the settings name; a compilation job is asked for. Raises ArtifactError."""
    return located(_order(settings, retries), default_model_dir)[0]


def stored(at: S3Location, settings: Settings, *, retries: int = 1) -> Stored:
    """Ask the store as a start does: what is there, and whether a byte of it may be read.

    Raises ArtifactError.
    """
    from neuronserve.artifact import archive, remote, space
    from neuronserve.artifact.objects import RemoteObject
    from neuronserve.artifact.s3 import Store

    order = _order(settings, retries)
    store = Store(connections=1, patience=order.patience)
    found = remote.locate(at, store, order)
    objects = (found,) if isinstance(found, RemoteObject) else found
    size = unpacked = sum(one.size for one in objects)
    full = next((one for one in objects if one.size), None)
    if full is None:
        raise NoSavedModel(f"{at} holds nothing but empty objects", hint="upload it again")
    head = store.some(full, 0, min(2, full.size))  # HEAD and LIST may be allowed where this is not
    if isinstance(found, RemoteObject) and archive.is_gzip(head):
        unpacked = space.unpacked_hint(store.some(found, max(0, size - 4), size), size)
    return Stored(
        source=str(found if isinstance(found, RemoteObject) else at),
        objects=len(objects),
        size=size,
        unpacked=unpacked,
        endpoint=store.endpoint,
        region=store.region,
        kept=cache.kept(settings.cache_dir, remote.identity(found, store, order)),
    )


def _order(settings: Settings, retries: int) -> Order:
    return Order(settings, _nobody, Patience(retries))


def _nobody(_progress: Progress) -> None:
    """Nobody waits for reports."""
