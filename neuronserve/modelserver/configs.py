"""The file that tells a model server its models, through protobuf's text format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from google.protobuf import text_format

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
    """A ModelServerConfig as text: each model with all its versions."""
    return str(text_format.MessageToString(message(models)))


def message(models: Sequence[ServedModel]) -> Any:
    """The same as a message. The list is there also when it is empty: an unset one changes nothing."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.SetInParent()
    for model in models:
        entry = config.model_config_list.config.add(
            name=model.name, base_path=str(model.base_path), model_platform="tensorflow"
        )
        entry.model_version_policy.specific.versions.extend(model.versions)
    return config
