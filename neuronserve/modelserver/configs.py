"""The files a model server reads, through protobuf's text format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from google.protobuf import text_format

from neuronserve import settings as settings_room
from neuronserve import unpublished
from neuronserve.messages import model_server_config_pb2


class ServedModel(Protocol):
    """What has to be known of a model: its name, and a folder with one entry per version."""

    @property
    def name(self) -> str: ...
    @property
    def base_path(self) -> Path: ...
    @property
    def versions(self) -> tuple[int, ...]: ...


def model_config(models: Sequence[ServedModel]) -> str:
    """A ModelServerConfig: each model with all its versions."""
    config = model_server_config_pb2.ModelServerConfig()
    for model in models:
        entry = config.model_config_list.config.add(
            name=model.name, base_path=str(model.base_path), model_platform="tensorflow"
        )
        entry.model_version_policy.specific.versions.extend(model.versions)
    return str(text_format.MessageToString(config))


def batching_parameters(settings: settings_room.Settings, cpus: int) -> str:
    """BatchingParameters from TFSC's variables, with TFSC's defaults."""
    threads = settings.batch_threads or cpus
    queue = settings.max_enqueued_batches or (100_000_000 if settings.batch_transform else cpus)
    parameters = unpublished.message(unpublished.BATCHING)
    parameters.max_batch_size.value = settings.max_batch_size or 8
    parameters.batch_timeout_micros.value = settings.batch_timeout_micros
    parameters.num_batch_threads.value = threads
    parameters.max_enqueued_batches.value = queue
    return str(text_format.MessageToString(parameters))
