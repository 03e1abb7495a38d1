"""From flags to the values the server is built of; faults are found here, before anything starts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from neuronserve import unpublished
from neuronserve.cpuserver import textproto
from neuronserve.cpuserver.batching import parameters
from neuronserve.cpuserver.flags import Flags
from neuronserve.cpuserver.models import config
from neuronserve.cpuserver.models.config import ModelConfig
from neuronserve.cpuserver.status import invalid
from neuronserve.machine import cpus
from neuronserve.messages import config_pb2

_METRICS_PATH = "/monitoring/prometheus/metrics"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the server is built of."""

    flags: Flags
    models: tuple[ModelConfig, ...]
    batching: parameters.Parameters | None
    channel: tuple[tuple[str, Any], ...]
    metrics_path: str | None


def from_flags(flags: Flags) -> Settings:
    """StatusError, with TF Serving's text where it has one, when the flags do not fit together."""
    _check(flags)
    return Settings(
        flags=flags,
        models=config.read(Path(flags.model_config_file)) or ()
        if flags.model_config_file
        else config.single(flags.model_name, flags.model_base_path),
        batching=_batching(flags),
        channel=tuple(_channel(flags.grpc_channel_arguments)),
        metrics_path=_metrics_path(flags.monitoring_config_file),
    )


def _check(flags: Flags) -> None:
    if not flags.model_base_path and not flags.model_config_file:
        raise invalid("Both server_options.model_base_path and server_options.model_config_file are empty!")
    if flags.port == 0 and not flags.grpc_socket_path:
        raise invalid(
            "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
        )
    if flags.rest_api_port and flags.rest_api_port == flags.port:
        raise invalid(
            "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API."
        )
    if flags.ssl_config_file:
        raise invalid(
            "--ssl_config_file is not supported: this server speaks plain text; put TLS in front of it"
        )
    if flags.batching_parameters_file and not flags.enable_batching:
        raise invalid("server_options.batching_parameters_file is set without setting "
                      "server_options.enable_batching to true.")  # fmt: skip


def _batching(flags: Flags) -> parameters.Parameters | None:
    if not flags.enable_batching:
        return None
    path = Path(flags.batching_parameters_file) if flags.batching_parameters_file else None
    return parameters.read(path, cpus())


def _channel(text: str) -> list[tuple[str, Any]]:
    """``key=value,key=value``; whole numbers become integers, as in TF Serving."""
    options: list[tuple[str, Any]] = []
    for argument in filter(None, text.split(",")):
        key, equals, value = argument.partition("=")
        if not key or not equals:
            raise invalid(f"--grpc_channel_arguments wants key=value,...; got {argument}")
        options.append((key, int(value) if value.lstrip("-").isdigit() else value))
    return options


def _metrics_path(file: str) -> str | None:
    if not file:
        return None
    empty = unpublished.message(unpublished.MONITORING)
    message = textproto.parse(Path(file), empty).prometheus_config
    return (message.path or _METRICS_PATH) if message.enable else None


def session_config(flags: Flags) -> Any:
    """The ConfigProto of all sessions."""
    both = flags.tensorflow_session_parallelism
    try:
        return config_pb2.ConfigProto(
            intra_op_parallelism_threads=flags.tensorflow_intra_op_parallelism or both,
            inter_op_parallelism_threads=flags.tensorflow_inter_op_parallelism or both,
            allow_soft_placement=True,  # a model may name devices that are not here
        )
    except ValueError as error:
        raise invalid(f"the parallelism flags: {error}") from error
