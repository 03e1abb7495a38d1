"""Text protos whose message modules TF Serving does not publish: read by a description of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from neuronserve.cpuserver.status import Code, StatusError, invalid

Field = descriptor_pb2.FieldDescriptorProto
Fields = Sequence[tuple[str, int, str]]

_SCALARS = {"int64": Field.TYPE_INT64, "bool": Field.TYPE_BOOL, "string": Field.TYPE_STRING}


def parse(path: Path, root: str, messages: Mapping[str, Fields]) -> Any:
    """The message ``root`` in a text file.

    ``messages``: name -> (field, number, kind); a kind is ``int64``, ``bool``, ``string``, ``repeated
    int64``, another message's name, or a wrapper of ``google.protobuf`` such as ``Int64Value``.
    """
    message = _message_class(root, messages)()
    try:
        return text_format.Parse(path.read_text(), message)
    except OSError as error:
        raise StatusError(Code.NOT_FOUND, f"{path}; {error.strerror}") from error
    except text_format.ParseError as error:
        raise invalid(f"Invalid protobuf file: '{path}': {error}") from error


def _message_class(root: str, messages: Mapping[str, Fields]) -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{root}.proto", package="read", syntax="proto3", dependency=[wrappers_pb2.DESCRIPTOR.name]
    )
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            _add(message, field, number, kind, messages)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"read.{root}"))


def _add(message: Any, field: str, number: int, kind: str, messages: Mapping[str, Fields]) -> None:
    repeated = kind.startswith("repeated ")
    kind = kind.removeprefix("repeated ")
    entry = message.field.add(
        name=field, number=number, label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    )
    if kind in _SCALARS:
        entry.type = _SCALARS[kind]
        return
    entry.type = Field.TYPE_MESSAGE
    entry.type_name = f".read.{kind}" if kind in messages else f".google.protobuf.{kind}"
