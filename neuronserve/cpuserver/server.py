"""The server's life: build, listen, load, poll, stop.

TF Serving opens its ports after the first load and exits when that fails. Here the ports are open
from the start, and a model that could not be loaded stays END with its error: GetModelStatus tells
the truth at every moment, and a supervisor need not guess from a refused connection or an exit code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from neuronserve.cpuserver.batching.per_model import Batching
from neuronserve.cpuserver.core import Core
from neuronserve.cpuserver.models import config
from neuronserve.cpuserver.models.config import ModelConfig
from neuronserve.cpuserver.models.labels import Labels
from neuronserve.cpuserver.models.loader import Loader, Prepare
from neuronserve.cpuserver.models.manager import Manager, Patience
from neuronserve.cpuserver.models.servable import Servable
from neuronserve.cpuserver.rest.application import Application
from neuronserve.cpuserver.rest.server import RestServer
from neuronserve.cpuserver.runtime import heap, library
from neuronserve.cpuserver.settings import Settings
from neuronserve.cpuserver.status import StatusError
from neuronserve.cpuserver.wire import health, server, services
from neuronserve.machine import cpus

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10.0  # for calls under way when the server is told to stop


def run(
    settings: Settings,
    *,
    prepare: Prepare | None = None,
    note: str = "",
    stops: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
) -> None:
    """Serve until one of the signals ``stops``; StatusError when it cannot listen.

    ``prepare``: what has a say in loads and runs (``Loader.prepare``). ``note``: what GetModelStatus
    says of each version that serves.
    """
    stop = threading.Event()
    with _stop_on_signals(stop, stops):
        manager = _manager(settings, prepare)
        core = Core(
            manager,
            Labels(allow_unavailable=settings.flags.allow_version_labels_for_unavailable_models),
            note,
            polls=settings.flags.file_system_poll_wait_seconds > 0,
        )
        grpc_server = server.start(
            [
                *services.handlers(
                    core, tensor_content=settings.flags.enable_serialization_as_tensor_content
                ),
                health.handler(core.available, stop.wait),
            ],
            port=settings.flags.port,
            address=settings.flags.listen_address,
            socket_path=settings.flags.grpc_socket_path,
            threads=settings.flags.grpc_max_threads,
            options=settings.channel,
            credentials=settings.credentials,
        )
        rest_server = _rest(settings, core)
        _log.info("Running gRPC ModelServer at %s ...", _where(settings))
        core.start(settings.models)
        _poll_until(stop, settings, core)
        _log.info("Stopping: no new calls; those under way have %.0f s", _GRACE_SECONDS)
        ended = grpc_server.stop(_GRACE_SECONDS)
        if rest_server is not None:
            rest_server.close(_GRACE_SECONDS)
        ended.wait(_GRACE_SECONDS + 1)
        manager.close(1.0)
        with contextlib.suppress(FileNotFoundError):
            if settings.flags.grpc_socket_path:
                Path(settings.flags.grpc_socket_path).unlink()
        _log.info("Stopped")


def _manager(settings: Settings, prepare: Prepare | None) -> Manager[Servable]:
    flags = settings.flags
    library.load_ops([Path(file) for file in filter(None, flags.op_libraries.split(","))])
    loader = Loader(
        tags=tuple(flags.saved_model_tags.split(",")),
        config=settings.session,
        batching=Batching(settings.batching, per_model=flags.enable_per_model_batching_parameters)
        if settings.batching
        else None,
        prefer_tflite=flags.prefer_tflite_model,
        checks_method_name=flags.enable_signature_method_name_check,
        warmup_iterations=max(1, flags.num_request_iterations_for_warmup) if flags.enable_model_warmup else 0,
    )
    if prepare is not None:
        loader = dataclasses.replace(loader, prepare=prepare)
    patience = Patience(flags.max_num_load_retries, max(0.0, flags.load_retry_interval_micros / 1e6))
    return Manager(loader.load, patience, flags.num_load_threads or cpus(), settled=heap.give_back)


def _rest(settings: Settings, core: Core) -> RestServer | None:
    flags = settings.flags
    if not flags.rest_api_port:
        return None
    application = Application(
        core,
        timeout_ms=flags.rest_api_timeout_in_ms,
        cors=flags.rest_api_enable_cors_support,
        metrics_path=settings.metrics_path,
    )
    rest_server = RestServer(
        application, flags.rest_api_port, flags.rest_api_num_threads, address=flags.listen_address
    )
    _log.info("Exporting HTTP/REST API at:localhost:%d ...", flags.rest_api_port)
    return rest_server


def _where(settings: Settings) -> str:
    port, path = settings.flags.port, settings.flags.grpc_socket_path
    tcp = server.where(settings.flags.listen_address, port) if port else ""
    return " and ".join(filter(None, [tcp, f"unix:{path}" if path else ""]))


@contextlib.contextmanager
def _stop_on_signals(stop: threading.Event, stops: Sequence[signal.Signals]) -> Iterator[None]:
    """These signals stop the server; a second one ends it at once, by the signal."""

    def told(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stop.set()

    before = {number: signal.signal(number, told) for number in stops}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclasses.dataclass
class _Timer:
    """When something is due, every so many seconds; never, for 0 or less."""

    seconds: float
    due: float = 0.0

    def __post_init__(self) -> None:
        self.due = time.monotonic() + self.seconds

    def is_due(self) -> bool:
        if self.seconds <= 0 or time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + self.seconds
        return True

    def wait(self) -> float | None:
        return max(0.0, self.due - time.monotonic()) if self.seconds > 0 else None


def _poll_until(stop: threading.Event, settings: Settings, core: Core) -> None:
    """Look for new versions, and for another configuration, as often as the flags say."""
    versions = _Timer(settings.flags.file_system_poll_wait_seconds)
    configuration = _Timer(
        settings.flags.model_config_file_poll_wait_seconds if settings.flags.model_config_file else 0
    )
    last = settings.models
    while not stop.wait(
        min((t for t in (versions.wait(), configuration.wait()) if t is not None), default=None)
    ):
        if versions.is_due():
            core.poll()
        if configuration.is_due():
            last = _reload(settings, core, last)


def _reload(settings: Settings, core: Core, last: tuple[ModelConfig, ...]) -> tuple[ModelConfig, ...]:
    """Read the configuration file again; what is wrong with it is logged and changes nothing."""
    try:
        models = config.read(Path(settings.flags.model_config_file))
        if models is None:
            _log.info("Taking no action for empty config.")
            return last
        if models != last:
            threading.Thread(target=_configure, args=(core, models), name="reload", daemon=True).start()
    except StatusError as error:
        _log.error("Reading %s failed: %s", settings.flags.model_config_file, error)
        return last
    return models


def _configure(core: Core, models: tuple[ModelConfig, ...]) -> None:
    try:
        core.configure(models)
    except StatusError as error:
        _log.error("ReloadConfig failed: %s", error)
