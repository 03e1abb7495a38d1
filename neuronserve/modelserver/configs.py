"""The files a model server reads, through protobuf's text format.

``session_bundle_config.proto``, which has BatchingParameters, is not in tensorflow-serving-api; its
message is rebuilt here from the field names, numbers and types of that file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from neuronserve import settings as settings_room
from neuronserve.modelserver.messages import model_server_config_pb2


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
    parameters = _batching_message()()
    parameters.max_batch_size.value = settings.max_batch_size
    parameters.batch_timeout_micros.value = settings.batch_timeout_micros
    parameters.num_batch_threads.value = threads
    parameters.max_enqueued_batches.value = queue
    return str(text_format.MessageToString(parameters))


_INT64, _BOOL, _STRING = (
    ".google.protobuf.Int64Value",
    ".google.protobuf.BoolValue",
    ".google.protobuf.StringValue",
)
_FIELDS = (
    ("max_batch_size", 1, _INT64),
    ("batch_timeout_micros", 2, _INT64),
    ("max_enqueued_batches", 3, _INT64),
    ("num_batch_threads", 4, _INT64),
    ("thread_pool_name", 5, _STRING),
)


def _batching_message() -> type[Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="neuronserve/batching_parameters.proto",
        package="neuronserve",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    message = file.message_type.add(name="BatchingParameters")
    for name, number, kind in _FIELDS:
        message.field.add(
            name=name,
            number=number,
            type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
            label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            type_name=kind,
        )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found: type[Any] = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("neuronserve.BatchingParameters")
    )
    return found
