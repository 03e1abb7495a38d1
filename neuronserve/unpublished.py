"""Messages of TensorFlow Serving that tensorflow-serving-api leaves out, built of their fields.

Field names, numbers and types are those of TensorFlow Serving's ``.proto`` files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

Field = descriptor_pb2.FieldDescriptorProto
Fields = Sequence[tuple[str, int, str]]

_SCALARS = {"int64": Field.TYPE_INT64, "bool": Field.TYPE_BOOL, "string": Field.TYPE_STRING}

BATCHING: Mapping[str, Fields] = {  # session_bundle_config.proto
    "BatchingParameters": (
        ("max_batch_size", 1, "Int64Value"),
        ("batch_timeout_micros", 2, "Int64Value"),
        ("max_enqueued_batches", 3, "Int64Value"),
        ("num_batch_threads", 4, "Int64Value"),
        ("thread_pool_name", 5, "StringValue"),
        ("allowed_batch_sizes", 6, "repeated int64"),
        ("pad_variable_length_inputs", 7, "bool"),
        ("enable_large_batch_splitting", 8, "BoolValue"),
        ("max_execution_batch_size", 9, "Int64Value"),
    )
}
MONITORING: Mapping[str, Fields] = {  # monitoring_config.proto
    "MonitoringConfig": (("prometheus_config", 1, "PrometheusConfig"),),
    "PrometheusConfig": (("enable", 1, "bool"), ("path", 2, "string")),
}

SSL: Mapping[str, Fields] = {  # ssl_config.proto
    "SSLConfig": (
        ("server_key", 1, "string"),
        ("server_cert", 2, "string"),
        ("custom_ca", 3, "string"),
        ("client_verify", 4, "bool"),
    )
}


def message(messages: Mapping[str, Fields]) -> Any:
    """An empty message, the first of ``messages``: name -> (field, number, kind).

    A kind is ``int64``, ``bool``, ``string``, ``repeated int64``, another message's name, or a wrapper
    of ``google.protobuf`` such as ``Int64Value``.
    """
    root = next(iter(messages))
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{root}.proto",
        package="unpublished",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in messages.items():
        described = file.message_type.add(name=name)
        for field, number, kind in fields:
            _add(described, field, number, kind, messages)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"unpublished.{root}"))()


def _add(described: Any, field: str, number: int, kind: str, messages: Mapping[str, Fields]) -> None:
    repeated = kind.startswith("repeated ")
    kind = kind.removeprefix("repeated ")
    entry = described.field.add(
        name=field, number=number, label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    )
    if kind in _SCALARS:
        entry.type = _SCALARS[kind]
        return
    entry.type = Field.TYPE_MESSAGE
    entry.type_name = f".unpublished.{kind}" if kind in messages else f".google.protobuf.{kind}"
