"""TF Serving's command line: every flag that ``tensorflow_model_server`` 2.20 knows.

``--flag=value`` and ``--flag value``; a bare ``--flag`` switches a boolean on. What this server has no
use for is accepted and named in one log line, so that a command line moves over as it is. An argument that
TensorFlow Serving does not know is told of with the usage, and the server goes on, as there (main.cc).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from neuronserve.machine import cpus


class FlagError(ValueError):
    """A command line that is refused; the text names the flag and what it wants."""


@dataclasses.dataclass(frozen=True)
class Flags:
    """The flags that have an effect here, with TF Serving's defaults. Field names are flag names."""

    port: int = 8500
    grpc_socket_path: str = ""
    rest_api_port: int = 0
    rest_api_num_threads: int = dataclasses.field(default_factory=lambda: 4 * cpus())
    rest_api_timeout_in_ms: int = 30_000
    rest_api_enable_cors_support: bool = False
    enable_batching: bool = False
    allow_version_labels_for_unavailable_models: bool = False
    batching_parameters_file: str = ""
    model_config_file: str = ""
    model_config_file_poll_wait_seconds: int = 0
    model_name: str = "default"
    model_base_path: str = ""
    num_load_threads: int = 0
    max_num_load_retries: int = 5
    load_retry_interval_micros: int = 60_000_000
    file_system_poll_wait_seconds: int = 1
    tensorflow_session_parallelism: int = 0
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    saved_model_tags: str = "serve"
    grpc_channel_arguments: str = ""
    grpc_max_threads: int = dataclasses.field(default_factory=lambda: 4 * cpus())
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 0
    monitoring_config_file: str = ""
    ssl_config_file: str = ""
    enable_per_model_batching_parameters: bool = False
    tensorflow_session_config_file: str = ""
    platform_config_file: str = ""
    thread_pool_factory_config_file: str = ""
    use_alts_credentials: bool = False
    prefer_tflite_model: bool = False
    enable_signature_method_name_check: bool = False
    enable_serialization_as_tensor_content: bool = False
    # not TensorFlow Serving's:
    op_libraries: str = ""  # files with custom ops, parted by commas
    listen_address: str = ""  # the one address that both ports are open on; empty: all, as there
    version: bool = False
    ignored: tuple[str, ...] = ()  # the names of other flags that were given
    unknown: tuple[str, ...] = ()  # arguments that TensorFlow Serving does not know either


# known to TF Serving, without effect here
_WITHOUT_EFFECT: dict[str, type] = {
    "num_unload_threads": int,
    "flush_filesystem_caches": bool,
    "per_process_gpu_memory_fraction": float,
    "remove_unused_fields_from_bundle_metagraph": bool,
    "num_tflite_pools": int,
    "num_tflite_interpreters_per_pool": int,
    "xla_cpu_compilation_enabled": bool,
    "xla_gpu_compilation_enabled": bool,
    "enable_profiler": bool,
    "mixed_precision": str,
    "skip_initialize_tpu": bool,
    "enable_grpc_healthcheck_service": bool,  # it is always there
}


def _types() -> dict[str, type]:
    fields = {
        f.name: {"int": int, "bool": bool, "str": str}.get(str(f.type)) for f in dataclasses.fields(Flags)
    }
    return {name: kind for name, kind in fields.items() if kind is not None} | _WITHOUT_EFFECT


def parse(arguments: Sequence[str]) -> Flags:
    """Read a command line (without the program's name); FlagError says what is wrong with a value."""
    types, values, ignored, unknown = _types(), dict[str, Any](), list[str](), list[str]()
    rest = list(arguments)
    while rest:
        if not _is_known(rest[0], types):
            unknown.append(rest.pop(0))
            continue
        name, text = _take(rest, types)
        value = _value(name, text, types[name])
        if name in _WITHOUT_EFFECT:
            ignored.append(name)
        else:
            values[name] = value
    return Flags(**values, ignored=tuple(ignored), unknown=tuple(unknown))


def _is_known(argument: str, types: dict[str, type]) -> bool:
    return argument.startswith("--") and argument.removeprefix("--").partition("=")[0] in types


def _take(rest: list[str], types: dict[str, type]) -> tuple[str, str]:
    """The next flag's name and the text of its value; both are removed from ``rest``."""
    name, equals, text = rest.pop(0).removeprefix("--").partition("=")
    if equals:
        return name, text
    if types[name] is bool:
        # "--flag false" is told from "--flag --next" by the word
        return name, rest.pop(0) if rest and rest[0].lower() in _BOOLEANS else "true"
    if not rest:
        raise FlagError(f"--{name} wants a value")
    return name, rest.pop(0)


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _boolean(text: str) -> bool:
    return _BOOLEANS[text.lower()]


_READERS: dict[type, tuple[Callable[[str], Any], str]] = {
    int: (int, "a whole number"),
    float: (float, "a number"),
    bool: (_boolean, "true or false"),
    str: (str, "a text"),
}


def _value(name: str, text: str, kind: type) -> Any:
    read, wanted = _READERS[kind]
    try:
        return read(text)
    except (ValueError, KeyError):
        raise FlagError(f"Couldn't interpret value {text} for flag {name}: expected {wanted}") from None


def usage(program: str) -> str:
    """All flags, their types and defaults, in TF Serving's form."""
    defaults = {f.name: getattr(Flags(), f.name) for f in dataclasses.fields(Flags)}
    lines = [f"usage: {program}", "Flags:"]
    for name, kind in _types().items():
        default = repr(defaults[name]) if name in defaults else "(no effect here)"
        lines.append(f"\t--{name}={default:<30}\t{kind.__name__}")
    return "\n".join(lines)


def usage_after_unknown(chosen: Flags, program: str) -> str:
    """The usage after the first argument that nobody knows; "" without one."""
    return f"unknown argument: {chosen.unknown[0]}\n{usage(program)}" if chosen.unknown else ""
