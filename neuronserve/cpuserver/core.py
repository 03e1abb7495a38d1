"""The server's core: requests of any transport to the right version of the right model.

gRPC and REST both call ``Core`` with TF Serving's messages; configuration and its polling end here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.inference import examples, multi, predict
from neuronserve.cpuserver.metrics import Metrics
from neuronserve.cpuserver.models import disk
from neuronserve.cpuserver.models.config import ModelConfig, from_message
from neuronserve.cpuserver.models.labels import Labels
from neuronserve.cpuserver.models.manager import Manager
from neuronserve.cpuserver.models.servable import Servable, check_named
from neuronserve.cpuserver.models.states import State, VersionStatus, show
from neuronserve.cpuserver.status import Code, StatusError, deadline_exceeded, invalid, not_found
from neuronserve.messages import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
)

_log = logging.getLogger(__name__)
_SIGNATURES = "signature_def"
Run = Callable[[Servable, Any, Call], Any]


class Core:
    """All that TF Serving's services do. Methods raise StatusError and may run in parallel threads."""

    def __init__(
        self, manager: Manager[Servable], labels: Labels, note: str = "", *, polls: bool = True
    ) -> None:
        """``note``: what GetModelStatus says, beside that all is well, of a version that serves.

        ``polls``: whether it looks on disk again and again, or once at its start; see ``configure``.
        """
        self._note = note
        self._polls = polls
        self._manager = manager
        self._labels = labels
        self._configs: tuple[ModelConfig, ...] = ()
        self._started = threading.Event()  # the first list is in effect: another one may be
        self._settled = threading.Event()  # its models serve, or have failed
        self._configuring = threading.Lock()
        self._aspiring = threading.Lock()  # a poll must not bring back what is just being dropped
        self.metrics = Metrics()

    def predict(self, request: Any, call: Call) -> Any:
        return self._infer("Predict", request.model_spec, request, predict.predict, call)

    def classify(self, request: Any, call: Call) -> Any:
        return self._infer("Classify", request.model_spec, request, examples.classify, call)

    def regress(self, request: Any, call: Call) -> Any:
        return self._infer("Regress", request.model_spec, request, examples.regress, call)

    def multi_inference(self, request: Any, call: Call) -> Any:
        return self._infer("MultiInference", multi.model_spec_of(request), request, multi.infer, call)

    def signatures(self, model_spec: Any) -> Mapping[str, Any]:
        """The signatures of the version that the spec chooses."""
        with self._servable(model_spec) as servable:
            return servable.signatures

    def metadata(self, request: Any) -> Any:
        """Answer a GetModelMetadataRequest; the only field there is, is ``signature_def``."""
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != _SIGNATURES:
                raise invalid(f"Metadata field {field} is not supported")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        found = get_model_metadata_pb2.SignatureDefMap()
        with self._servable(request.model_spec) as servable:
            for name, signature in servable.signatures.items():
                found.signature_def[name].CopyFrom(signature)
            response.model_spec.name = servable.name
            response.model_spec.version.value = servable.version
        response.metadata[_SIGNATURES].Pack(found)
        return response

    def status(self, request: Any) -> Any:
        """Answer a GetModelStatusRequest: all versions ever seen, or the one that is asked for."""
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        name, version = request.model_spec.name, self._version(request.model_spec)
        statuses = self._manager.statuses(name)
        if version is not None:
            statuses = [status for status in statuses if status.version == version]
            if not statuses:
                raise not_found(f"Could not find version {version} of model {name}")
        if not statuses:
            raise not_found(f"Could not find any versions of model {name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in reversed(statuses):  # TF Serving lists the highest version first
            entry = response.model_version_status.add(version=status.version, state=int(status.state))
            entry.status.error_code = status.error.code if status.error else 0
            entry.status.error_message = status.error.message if status.error else self._noted(status.state)
        return response

    def _noted(self, state: State) -> str:
        return self._note if state is State.AVAILABLE else ""

    def reload(self, request: Any, call: Call) -> Any:
        """Answer a ReloadConfigRequest, after the models it asks for have been loaded or have failed.

        A list without models unloads all; a request without a list is refused (``HandleReloadConfigRequest``
        in model_service_impl.cc).
        """
        response = model_management_pb2.ReloadConfigResponse()
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is "
                "currently supported"
            )
        self.configure(from_message(request.config), call)
        response.status.SetInParent()
        return response

    def start(self, configs: Sequence[ModelConfig]) -> None:
        """Begin to load the first models, and return; labels are given when those have settled."""
        with self._configuring:
            self._apply(configs, look=True)
        self._started.set()
        threading.Thread(target=self._label_at_start, args=(configs,), name="labels", daemon=True).start()

    def _label_at_start(self, configs: Sequence[ModelConfig]) -> None:
        for config in configs:
            self._manager.wait_until_settled(config.name)
        self._settled.set()
        try:
            self._labels.assign(configs, self._manager)
        except StatusError as error:
            _log.error("Version labels are not in effect: %s", error)

    def configure(self, configs: Sequence[ModelConfig], call: Call | None = None) -> None:
        """Serve these models from now on; returns when they are loaded. None unloads all.

        StatusError when one of them could not be, or a label is not allowed; the rest is in effect.

        As in TF Serving, a server that looks on disk once only (``--file_system_poll_wait_seconds=0``) drops
        what is listed no more, never looks for what is new, and waits for it to the end of the call, while
        no other configuration gets a turn (``UpdateConfig`` in file_system_storage_path_source.cc,
        ``WaitUntilModelsAvailable`` in server_core.cc).
        """
        self._started.wait()
        with self._configuring:
            new = {config.name for config in configs} - {config.name for config in self._configs}
            self._apply(configs, look=self._polls)
            if new and not self._polls:
                _wait_in_vain(call)
            failed = {config.name: self._manager.wait_until_settled(config.name) for config in configs}
            _check_available(failed)
            self._labels.assign(configs, self._manager)

    def _apply(self, configs: Sequence[ModelConfig], *, look: bool) -> None:
        with self._aspiring:
            for gone in {config.name for config in self._configs} - {config.name for config in configs}:
                self._manager.aspire(gone, {})
            self._configs = tuple(configs)
        if look:
            self.poll()

    def poll(self) -> None:
        """Look on disk for versions that came or went."""
        with self._aspiring:
            for config in self._configs:
                try:
                    self._manager.aspire(config.name, disk.aspired(config))
                except StatusError as error:
                    _log.error(
                        "FileSystemStoragePathSource encountered a filesystem access error: %s", error.message
                    )

    def available(self) -> bool:
        """Whether every configured model has a version that serves."""
        return all(
            any(status.state is State.AVAILABLE for status in self._manager.statuses(config.name))
            for config in self._configs
        )

    def _infer(self, api: str, model_spec: Any, request: Any, run: Run, call: Call) -> Any:
        name, metrics, began = model_spec.name, self.metrics, time.monotonic()
        call = dataclasses.replace(call, ran=lambda seconds: metrics.ran(name, api, seconds))
        code = Code.OK
        try:
            with self._servable(model_spec) as servable:
                answer = run(servable, request, call)
        except StatusError as error:
            code = error.code
            raise
        else:
            shown = api.lower() if call.entrypoint == "REST" else api  # http_server.cc has the path's word
            metrics.took(name, shown, call.entrypoint, time.monotonic() - began)
            if api != "Predict":
                metrics.examples(name, examples.count(request.input))
            return answer
        finally:
            metrics.answered(name, code.name)

    @contextlib.contextmanager
    def _servable(self, model_spec: Any) -> Iterator[Servable]:
        check_named(model_spec.name)
        with contextlib.ExitStack() as held:
            try:
                lease = self._manager.lease(model_spec.name, self._version(model_spec))
                servable = held.enter_context(lease)
            except StatusError as error:
                if error.code is Code.NOT_FOUND and not self._settled.is_set():
                    # TensorFlow Serving has no open port before; its clients wait for "Servable not found"
                    raise StatusError(Code.UNAVAILABLE, "The models are still being loaded") from error
                raise
            yield servable

    def _version(self, model_spec: Any) -> int | None:
        match model_spec.WhichOneof("version_choice"):
            case "version":
                return int(model_spec.version.value)
            case "version_label":
                return self._labels.version(model_spec.name, model_spec.version_label)
            case _:
                return None


def _wait_in_vain(call: Call | None) -> None:
    _log.warning("Waiting for models that --file_system_poll_wait_seconds=0 never looks for")
    threading.Event().wait((call.remaining() if call else None) or 0.0)
    raise deadline_exceeded()


def _check_available(settled: Mapping[str, Sequence[VersionStatus]]) -> None:
    failed = [f"{{{name} has no version to serve}}" for name, statuses in settled.items() if not statuses]
    failed += [
        f"{{{show(name, status.version)} due to error: {status.error}}}"
        for name, statuses in settled.items()
        for status in statuses
        if status.error
    ]
    if failed:
        raise StatusError(
            Code.UNKNOWN, f"{len(failed)} servable(s) did not become available: {{{', '.join(failed)}, }}"
        )
