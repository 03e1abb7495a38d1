"""The compiled batches as they are served: as the settings have them, and as model servers take them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import SettingsError
from neuronserve.settings import Settings

Change = Callable[[SignatureBatch], SignatureBatch]


def sized(compiled: tuple[Compiled, ...], settings: Settings) -> tuple[Compiled, ...]:
    """A model's versions with the batches that are served. Raises SettingsError where settings do not fit."""
    if settings.compiled_batch == "off":
        compiled = tuple(dataclasses.replace(one, signatures={}) for one in compiled)
    elif isinstance(settings.compiled_batch, int):
        compiled = _each(compiled, functools.partial(_resized, size=settings.compiled_batch))
    if settings.batching_file is not None:
        compiled = _each(compiled, _within(settings.batching_file))
    elif settings.enable_batching:
        compiled = _each(compiled, functools.partial(_joined, most=settings.max_batch_size))
    return compiled


def _each(compiled: tuple[Compiled, ...], change: Change) -> tuple[Compiled, ...]:
    return tuple(
        dataclasses.replace(one, signatures={name: change(batch) for name, batch in one.signatures.items()})
        for one in compiled
    )


def _resized(batch: SignatureBatch, *, size: int) -> SignatureBatch:
    if not batch.dynamic and batch.size != size:
        fault = f"the model was compiled at a fixed batch, which is {batch.size}"
        raise SettingsError([f"SERVE_COMPILED_BATCH={size}: {fault}: expected auto, off or {batch.size}"])
    return dataclasses.replace(batch, size=size)


def _joined(batch: SignatureBatch, *, most: int | None) -> SignatureBatch:
    """Whole batches of the compiled size, at least ``most`` rows: the server's batch is made as large."""
    from neuronserve.modelserver import batching

    wanted = most or (batch.size if batch.size > 1 else batching.DEFAULT_ROWS)
    return _bounded(batch, -(-wanted // batch.size) * batch.size)


def _within(file: Path) -> Change:
    """Whole batches of the compiled size, as many as the file's largest batch has room for."""
    from neuronserve.modelserver import batching

    _, most = batching.from_file(file)

    def change(batch: SignatureBatch) -> SignatureBatch:
        if batch.size > most:
            fault = f"expected a max_batch_size of at least {batch.size}, as the model was compiled for"
            raise SettingsError([f"SERVE_BATCHING_FILE={file}: {fault}; it is {most}"])
        return _bounded(batch, most // batch.size * batch.size)

    return change


def _bounded(batch: SignatureBatch, rows: int) -> SignatureBatch:
    """No part of a request has more rows than a batch of its server, which would refuse it."""
    if not batch.dynamic or not batch.whole or batch.unjoinable:
        return batch
    return dataclasses.replace(batch, size=rows, dynamic=False)
