"""A scripted model server over real gRPC: the messages are TF Serving's, the behaviour is the test's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from neuronserve.messages import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)
from neuronserve.modelserver import client, tensors

Shapes = dict[str, tuple[str, tuple[int, ...] | None]]  # None: no tensor_shape at all
AVAILABLE = 30


@dataclass
class Signature:
    inputs: Shapes
    outputs: Shapes
    method: str = "tensorflow/serving/predict"
    composite: tuple[str, ...] = ()  # inputs and outputs that are composite tensors


@dataclass
class ScriptedServer:
    """Answers Predict with ``predict(arrays) -> arrays``; ``fail`` aborts with a code and a text."""

    target: str
    signatures: dict[str, Signature]
    predict: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    version: int = 1
    fail: tuple[grpc.StatusCode, str] | None = None
    hold: threading.Event | None = None  # a call waits for it, or for its cancellation
    requests: list[Any] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadlines: list[float] = field(default_factory=list)

    def answer(self, method: str, body: bytes, context: grpc.ServicerContext) -> bytes:
        handlers = {
            client.METADATA: self._metadata,
            client.STATUS: self._status,
            client.PREDICT: self._predict,
            client.CLASSIFY: self._classify,
            client.REGRESS: self._regress,
        }
        if self.fail is not None and method != client.METADATA:
            context.abort(*self.fail)
        return handlers[method](body, context).SerializeToString()

    def _metadata(self, _body: bytes, _context: Any) -> Any:
        found = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self.signatures.items():
            proto = found.signature_def[name]
            proto.method_name = signature.method
            for infos, shapes in ((proto.inputs, signature.inputs), (proto.outputs, signature.outputs)):
                for key, (dtype, shape) in shapes.items():
                    infos[key].dtype = tensors.dtype_enum(dtype)
                    if key in signature.composite:
                        infos[key].composite_tensor.components.add(name="part:0")
                    if shape is not None:
                        infos[key].tensor_shape.SetInParent()
                    for size in shape or ():
                        infos[key].tensor_shape.dim.add(size=size)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.version.value = self.version
        response.metadata["signature_def"].Pack(found)
        return response

    def _status(self, _body: bytes, _context: Any) -> Any:
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=self.version, state=AVAILABLE)
        return response

    def _predict(self, body: bytes, context: grpc.ServicerContext) -> Any:
        request = predict_pb2.PredictRequest.FromString(body)
        self.requests.append(request)
        self.deadlines.append(context.time_remaining())
        if self.hold is not None:
            context.add_callback(self.cancelled.set)
            self.entered.set()
            while not self.hold.wait(0.02) and context.is_active():
                pass
        outputs = self.predict({k: tensors.read(v) for k, v in request.inputs.items()})
        response = predict_pb2.PredictResponse()
        response.model_spec.version.value = self.version
        shapes = self.signatures[request.model_spec.signature_name or "serving_default"].outputs
        for name, array in outputs.items():
            tensors.fill(response.outputs[name], array, shapes[name][0])
        return response

    def _classify(self, body: bytes, _context: Any) -> Any:
        request = classification_pb2.ClassificationRequest.FromString(body)
        self.requests.append(request)
        response = classification_pb2.ClassificationResponse()
        for _ in request.input.example_list.examples:
            response.result.classifications.add().classes.add(label="cat", score=0.5)
        return response

    def _regress(self, body: bytes, _context: Any) -> Any:
        request = regression_pb2.RegressionRequest.FromString(body)
        self.requests.append(request)
        response = regression_pb2.RegressionResponse()
        for _ in request.input.example_list.examples:
            response.result.regressions.add(value=2.5)
        return response


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, scripted: ScriptedServer) -> None:
        self._scripted = scripted

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method
        return grpc.unary_unary_rpc_method_handler(
            lambda body, context: self._scripted.answer(method, body, context)
        )


def doubled(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {"y": arrays["x"] * 2}


Scripted = Callable[..., ScriptedServer]


@pytest.fixture
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    """Start scripted servers; they stop with the test. The default one doubles ``x`` ([-1, 2] floats)."""
    started: list[grpc.Server] = []

    def start(
        signatures: dict[str, Signature] | None = None,
        predict: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] = doubled,
        path: Path | None = None,
    ) -> ScriptedServer:
        path = path or tmp_path_factory.mktemp("s") / "s"
        default = {"serving_default": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))})}
        server = ScriptedServer(f"unix:{path}", signatures or default, predict)
        grpc_server = grpc.server(
            futures.ThreadPoolExecutor(8),
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        grpc_server.add_generic_rpc_handlers((_Handler(server),))
        grpc_server.add_insecure_port(server.target)
        grpc_server.start()
        started.append(grpc_server)
        return server

    yield start
    for server in started:
        server.stop(None).wait()
