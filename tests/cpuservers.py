"""The embedded model server as a child of a test: started, waited for, called, stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from neuronserve.cpuserver import tensorproto
from neuronserve.messages import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)
from tests.ports import free_port

_ROOT = Path(__file__).resolve().parent.parent
_METHODS = {
    "Predict": ("PredictionService", predict_pb2.PredictResponse),
    "Classify": ("PredictionService", classification_pb2.ClassificationResponse),
    "Regress": ("PredictionService", regression_pb2.RegressionResponse),
    "MultiInference": ("PredictionService", inference_pb2.MultiInferenceResponse),
    "GetModelMetadata": ("PredictionService", get_model_metadata_pb2.GetModelMetadataResponse),
    "GetModelStatus": ("ModelService", get_model_status_pb2.GetModelStatusResponse),
    "HandleReloadConfigRequest": ("ModelService", model_management_pb2.ReloadConfigResponse),
}
DTYPES = {"float32": 1, "float64": 2, "int32": 3, "object": 7, "int64": 9, "bool": 10}


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true value of a condition."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


class Server:
    """A running server. ``target`` is its gRPC address, ``rest`` the beginning of its REST URLs."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        rest: bool = False,
        tcp: bool = False,
        module: str = "neuronserve.cpuserver",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.log = folder / "server.log"
        self.socket = folder / "s"
        port = free_port() if tcp else 0
        self.target = f"127.0.0.1:{port}" if tcp else f"unix:{self.socket}"
        listen = [f"--port={port}"] if tcp else ["--port=0", f"--grpc_socket_path={self.socket}"]
        if rest:
            rest_port = free_port()
            listen.append(f"--rest_api_port={rest_port}")
            self.rest = f"http://127.0.0.1:{rest_port}"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *listen, *flags],
                cwd=_ROOT, stderr=log, stdout=log,
                env={**os.environ, "PYTHONPATH": str(_ROOT), **(environ or {})},
            )  # fmt: skip
        self.channel = grpc.insecure_channel(
            self.target,
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )

    def call(self, method: str, request: Any, timeout: float | None = 60) -> Any:
        return self._stub(method)(request, timeout=timeout, wait_for_ready=True)

    def begin(self, method: str, request: Any, timeout: float | None = 60) -> Any:
        """The same without waiting for the answer."""
        return self._stub(method).future(request, timeout=timeout, wait_for_ready=True)

    def _stub(self, method: str) -> Any:
        service, response = _METHODS[method]
        return self.channel.unary_unary(
            f"/tensorflow.serving.{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )

    def predict(
        self, model: str, signature: str = "", timeout: float | None = 60, **inputs: Any
    ) -> dict[str, Any]:
        """Named outputs for named inputs: arrays, or what numpy makes arrays of."""
        answer = self.call("Predict", predict_request(model, signature, **inputs), timeout)
        return {alias: tensorproto.decode(proto) for alias, proto in answer.outputs.items()}

    def states(self, model: str) -> dict[int, str]:
        """Version -> state; empty while the model is unknown or the server not up."""
        try:
            return {s.version: state_name(s) for s in self.status(model)}
        except grpc.RpcError:
            return {}

    def status(self, model: str) -> list[Any]:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        return list(self.call("GetModelStatus", request, 30).model_version_status)

    def wait_until(self, model: str, states: dict[int, str]) -> None:
        try:
            wait_for(
                lambda: self.process.poll() is not None or self.states(model) == states, f"{model} {states}"
            )
            assert self.process.poll() is None
        except AssertionError:
            raise AssertionError(
                f"{model} is {self.states(model)}, not {states}:\n{self.log.read_text()}"
            ) from None

    def http(self, path: str, body: bytes | str | None = None) -> tuple[int, str]:
        data = body.encode() if isinstance(body, str) else body
        try:
            with urllib.request.urlopen(self.rest + path, data, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def state_name(status: Any) -> str:
    return str(get_model_status_pb2.ModelVersionStatus.State.Name(status.state))


def predict_request(model: str, signature: str = "", **inputs: Any) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for alias, value in inputs.items():
        array = np.asarray(value)
        if array.dtype.kind in "SU":
            flat = [v.encode() if isinstance(v, str) else v for v in array.ravel()]
            array = np.array(flat, object).reshape(array.shape)
        request.inputs[alias].CopyFrom(tensorproto.encode(array, DTYPES[array.dtype.name]))
    return request


def config_flag(folder: Path, models: Iterable[str]) -> str:
    """``--model_config_file`` for models that each have a folder there; all their versions are served."""
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" '
        f"model_version_policy {{ all {{}} }} }}\n"
        for name in models
    )
    file = folder / "models.config"
    file.write_text(f"model_config_list {{ {entries} }}")
    return f"--model_config_file={file}"


@contextlib.contextmanager
def running(folder: Path, *flags: str, **kinds: Any) -> Iterator[Server]:
    """``kinds``: as ``Server`` takes them."""
    server = Server(folder, *flags, **kinds)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
        server.channel.close()
