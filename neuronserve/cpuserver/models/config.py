"""``ModelServerConfig`` as values, checked as TF Serving checks it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.cpuserver import textproto
from neuronserve.cpuserver.status import invalid, precondition
from neuronserve.messages import model_server_config_pb2

_PLATFORM = "tensorflow"


@dataclasses.dataclass(frozen=True)
class Latest:
    """The policy that serves the highest ``count`` versions found on disk."""

    count: int = 1


@dataclasses.dataclass(frozen=True)
class Specific:
    """The policy that serves exactly these versions, where they exist."""

    versions: frozenset[int]


@dataclasses.dataclass(frozen=True)
class Every:
    """The policy that serves all versions found on disk."""


Policy = Latest | Specific | Every


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """One model: where its version folders lie, which of them are served, what they are called."""

    name: str
    base_path: Path
    policy: Policy = Latest()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)


def single(name: str, base_path: str) -> tuple[ModelConfig, ...]:
    """What ``--model_name`` and ``--model_base_path`` ask for."""
    return (ModelConfig(name, _absolute(name, base_path)),)


def read(path: Path) -> tuple[ModelConfig, ...] | None:
    """The models of a ``--model_config_file``; StatusError when it cannot be read or is wrong.

    None: the file says nothing, which changes nothing (``ReloadConfig`` in server_core.cc). A list that is
    there and empty, ``model_config_list {}``, is another thing: no models.
    """
    message = textproto.parse(path, model_server_config_pb2.ModelServerConfig())
    return from_message(message) if message.WhichOneof("config") else None


def from_message(message: Any) -> tuple[ModelConfig, ...]:
    """The models of a ``ModelServerConfig``; none for an empty one."""
    if message.WhichOneof("config") == "custom_model_config":
        raise invalid("ModelServer does not yet support custom model config.")
    models: dict[str, ModelConfig] = {}
    for entry in message.model_config_list.config:
        if entry.name in models:
            raise invalid(f"Illegal to list model {entry.name} multiple times in config list")
        _check_platform(entry)
        models[entry.name] = ModelConfig(
            entry.name, _absolute(entry.name, entry.base_path), _policy(entry), dict(entry.version_labels)
        )
    return tuple(models.values())


def _absolute(name: str, base_path: str) -> Path:
    if not base_path.startswith("/"):
        raise invalid(
            f"Expected model {name} to have an absolute path or URI; got base_path()={base_path}"
            + (" (this server reads local paths only)" if "://" in base_path else "")
        )
    return Path(base_path)


def _check_platform(entry: Any) -> None:
    if not entry.name:
        raise invalid("Expected each model of the config list to have a name")
    if entry.model_type and entry.model_platform:
        raise invalid(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            "ModelServerConfig::model_platform."
        )
    if not entry.model_type and not entry.model_platform:
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform."
        )
    if entry.model_platform not in ("", _PLATFORM):
        raise precondition(f"PlatformConfigMap has no entry for platform {entry.model_platform}")


def _policy(entry: Any) -> Policy:
    policy = entry.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "specific":
            return Specific(frozenset(policy.specific.versions))
        case "all":
            return Every()
        case _:
            return Latest(max(policy.latest.num_versions, 1))
