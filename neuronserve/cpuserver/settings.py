"""From flags to the values the server is built of; faults are found here, before anything starts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import grpc

from neuronserve import unpublished
from neuronserve.cpuserver import textproto
from neuronserve.cpuserver.batching import parameters
from neuronserve.cpuserver.flags import Flags
from neuronserve.cpuserver.models import config
from neuronserve.cpuserver.models.config import ModelConfig
from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.cpuserver.wire import tls
from neuronserve.machine import cpus
from neuronserve.messages import config_pb2

_METRICS_PATH = "/monitoring/prometheus/metrics"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the server is built of."""

    flags: Flags
    models: tuple[ModelConfig, ...]
    batching: parameters.Parameters | None
    session: Any  # the ConfigProto of all sessions
    credentials: grpc.ServerCredentials | None  # None: plain text
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
        session=_session(flags),
        credentials=tls.credentials(Path(flags.ssl_config_file)) if flags.ssl_config_file else None,
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
    if flags.use_alts_credentials:
        raise invalid("--use_alts_credentials: ALTS is for hosts of Google Cloud; use --ssl_config_file")
    for name in ("platform_config_file", "thread_pool_factory_config_file"):
        if getattr(flags, name):
            _refuse_file(name, Path(getattr(flags, name)))
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


def _refuse_file(name: str, file: Path) -> None:
    """What such a file configures is TensorFlow Serving's own inside; it must be there all the same."""
    try:
        file.read_bytes()
    except OSError as error:
        raise StatusError(Code.NOT_FOUND, f"{file}; {error.strerror}") from error
    raise StatusError(
        Code.UNIMPLEMENTED,
        f"--{name} is not supported by this server: give its session, batching and warm-up settings with "
        "--tensorflow_session_config_file, --batching_parameters_file and the other flags",
    )


def _session(flags: Flags) -> Any:
    """The ConfigProto of all sessions: that of the file, and what flags say over it."""
    found = config_pb2.ConfigProto(allow_soft_placement=True)  # a model may name devices that are not here
    if flags.tensorflow_session_config_file:
        found.MergeFrom(textproto.parse(Path(flags.tensorflow_session_config_file), config_pb2.ConfigProto()))
    intra, inter = flags.tensorflow_intra_op_parallelism, flags.tensorflow_inter_op_parallelism
    both = flags.tensorflow_session_parallelism
    if intra > 0 and inter > 0 and both > 0:
        raise invalid(
            "Either configure server_options.tensorflow_session_parallelism or "
            "(server_options.tensorflow_intra_op_parallelism, "
            "server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all."
        )
    threads = (intra, inter) if intra > 0 or inter > 0 else (both, both)
    try:
        # TensorFlow Serving writes 0 over the file's numbers too; a file that says some is meant
        if any(threads) or not flags.tensorflow_session_config_file:
            found.intra_op_parallelism_threads, found.inter_op_parallelism_threads = threads
    except ValueError as error:
        raise invalid(f"the parallelism flags: {error}") from error
    return found
