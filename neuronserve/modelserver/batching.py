"""Whether and how TensorFlow Serving itself joins rows into batches.

From a file (``SERVE_BATCHING_FILE``), from TFSC's variables, and from what was compiled into the model: a
static model takes batches of one size only, so that is the only size allowed (source: AWS Neuron SDK
documentation, "TensorFlow Neuron: serving"; that it holds for every release is not confirmed).

Why the server joins, and not the gateway (``scripts/bench --only batching``, simulated cores): its queue is
one for all gateway workers, and goes on filling while all cores are busy, so under load batches are full
without anybody waiting for them. The gateway would have to send a batch, full or not, after a moment, since
it does not know when a core is free, and each worker would fill its own. It saves CPU, one call for a batch
instead of one for each row, but wastes cores, which cost more. With few rows under way both are alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from google.protobuf import text_format

from neuronserve import unpublished
from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import ModelServerError, SettingsError
from neuronserve.modelserver import configs
from neuronserve.settings import Settings

DEFAULT_ROWS = 8  # rows: TFSC's default for SAGEMAKER_TFS_MAX_BATCH_SIZE
_SERVING_BATCH = 1000  # rows: TensorFlow Serving's own default
_UNBOUNDED = 100_000_000  # batches: TFSC's queue in batch transform


class Model(configs.ServedModel, Protocol):
    """What has to be known of a model."""

    @property
    def compiled(self) -> Sequence[Compiled]: ...


@dataclasses.dataclass(frozen=True)
class Joining:
    """``text``: BatchingParameters. ``pads``: rows are padded up to the compiled batch by the server."""

    text: str
    pads: bool


def chosen(settings: Settings, models: Sequence[Model], *, copies: int, cpus: int) -> Joining | None:
    """How a server with these models joins rows; None: not at all. Raises SettingsError, ModelServerError.

    ``copies``: batches that it runs at the same time.
    """
    if settings.batching_file is not None:
        return Joining(from_file(settings.batching_file)[0], pads=False)
    sizes = _compiled_sizes(settings, models)
    static = next(iter(sizes)) if len(sizes) == 1 else 0
    wanted = static > 1 if settings.enable_batching is None else settings.enable_batching
    if not wanted:
        return None
    if len(sizes - {0}) > 1:
        raise ModelServerError(
            "SAGEMAKER_TFS_ENABLE_BATCHING=true, but what this server serves was compiled at several "
            f"batches: {', '.join(map(str, sorted(sizes - {0})))}",
            hint="leave it unset, or set SERVE_BATCHING_FILE",
        )
    return Joining(_parameters(settings, static, copies, cpus), pads=static > 0)


def _compiled_sizes(settings: Settings, models: Sequence[Model]) -> set[int]:
    """The fixed batches of everything served; 0 for a signature that a server cannot join rows for."""
    if settings.compiled_batch == "off":
        return set()
    batches = [
        batch for model in models for version in model.compiled for batch in version.signatures.values()
    ]
    return {_size(settings, batch) for batch in batches if not batch.dynamic}


def _size(settings: Settings, batch: SignatureBatch) -> int:
    if batch.unjoinable or not batch.whole:
        return 0
    return settings.compiled_batch if isinstance(settings.compiled_batch, int) else batch.size


def from_file(path: Path) -> tuple[str, int]:
    """The BatchingParameters as they stand there, and the rows of its largest batch. Raises SettingsError."""
    parameters = unpublished.message(unpublished.BATCHING)
    try:
        text = path.read_text()
        text_format.Parse(text, parameters)
    except OSError as error:
        raise SettingsError([f"SERVE_BATCHING_FILE={path}: {error.strerror or error}"]) from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise SettingsError(
            [f"SERVE_BATCHING_FILE={path}: expected BatchingParameters in protobuf's text format: {error}"]
        ) from error
    return text, parameters.max_batch_size.value if parameters.HasField("max_batch_size") else _SERVING_BATCH


def _parameters(settings: Settings, static: int, copies: int, cpus: int) -> str:
    """BatchingParameters from TFSC's variables, with TFSC's defaults; from the model where it decides."""
    size = static or settings.max_batch_size or DEFAULT_ROWS
    threads = settings.batch_threads or (copies if static else cpus)
    # a row that waits has been admitted already: for compiled models the queue must not refuse it
    queue = settings.max_enqueued_batches or (settings.max_in_flight if static else cpus)
    if settings.batch_transform and not settings.max_enqueued_batches:
        queue = _UNBOUNDED
    parameters = unpublished.message(unpublished.BATCHING)
    parameters.max_batch_size.value = size
    parameters.batch_timeout_micros.value = settings.batch_timeout_micros
    parameters.num_batch_threads.value = threads
    parameters.max_enqueued_batches.value = queue
    if static:
        parameters.allowed_batch_sizes.append(static)
    return str(text_format.MessageToString(parameters))
