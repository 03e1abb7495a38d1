"""The gateway's data plane in this process: all of it but sockets, with a model server that is a function."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from neuronserve import messages as m
from neuronserve import state
from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import InputMismatch
from neuronserve.modelserver import client
from neuronserve.reservedfile import ReservedFile
from neuronserve.settings import Settings
from neuronserve.state import Model, Server, State
from predictor import create_app

_FLOAT, _INT64, _STRING = 1, 9, 7
_MOST_ROWS = 10_000  # of an answer
# model -> its inputs: name -> DataType and shape
MODELS: Mapping[str, Mapping[str, tuple[int, tuple[int, ...]]]] = {
    "rows": {"x": (_FLOAT, (-1, 3))},
    "image": {"image": (_STRING, (-1,))},
    "table": {"age": (_INT64, (-1,)), "name": (_STRING, (-1,)), "size": (_FLOAT, (-1, 1))},
    "batch": {"x": (_FLOAT, (-1, 2, 2))},
    "scalar": {"x": (_FLOAT, ())},
}
_Headers = list[tuple[str, str]]


class Plane:
    """``ask`` is what gunicorn does with a request; what the gateway logged meanwhile is kept."""

    def __init__(self, folder: Path) -> None:
        """``folder``: for the state and the metrics; no other plane that lives has it."""
        folder.mkdir(exist_ok=True)
        settings = Settings.from_environ({"SERVE_REQUEST_LOG": "false", "SERVE_MAX_BODY_MB": "4"})
        self._app = create_app(settings, folder)
        service = cast("Any", self._app)._service  # noqa: SLF001  the pool is all that is replaced
        service._pool = _Models()  # noqa: SLF001
        service._servers._pool = service._pool  # noqa: SLF001
        state.write(ReservedFile(folder / "state.json"), _state())
        self._log = io.StringIO()
        self._handler = logging.StreamHandler(self._log)

    def ask(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes, str]:
        """Status, headers, body, and the log of the request."""
        self._log.seek(0)
        self._log.truncate()
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/invocations", "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body), **headers,
        }  # fmt: skip
        got: list[tuple[str, _Headers]] = []
        with self._heard():
            answer = b"".join(self._app.wsgi_app(environ, lambda status, sent: got.append((status, sent))))
        status, sent = got[-1]
        return int(status[:3]), {name.lower(): value for name, value in sent}, answer, self._log.getvalue()

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        logger = logging.getLogger("neuronserve")
        logger.addHandler(self._handler)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of libraries, about what is in a body
                yield
        finally:
            logger.removeHandler(self._handler)


def _state() -> State:
    batch = Compiled(1, neuron=True, cores=1, signatures={"serving_default": SignatureBatch(4)})
    models = tuple(Model(name, (1,), (batch,) if name == "batch" else ()) for name in MODELS)
    servers = (Server(0, "unix:none", "ready"),)
    return State("ready", servers=servers, models=models, default_model="rows", kind="cpu", generation=1)


class _Models:
    """Stands where the pool does; answers as a model server that knows ``MODELS``."""

    def call(self, method: str, request: bytes, *_: Any, **__: Any) -> bytes:
        return answered(method, request)

    def call_all(self, method: str, requests: Sequence[bytes], *_: Any) -> list[bytes]:
        return [answered(method, request) for request in requests]

    def call_each(self, method: str, requests: Sequence[bytes], *_: Any) -> Iterator[list[bytes]]:
        for request in requests:
            yield [answered(method, request)]

    def look_up(self, method: str, request: bytes, *_: Any) -> bytes:
        return answered(method, request)


def answered(method: str, request: bytes) -> bytes:
    """Raises InputMismatch for what a model server would call INVALID_ARGUMENT."""
    if method == client.METADATA:
        return _metadata(m.get_model_metadata_pb2.GetModelMetadataRequest.FromString(request).model_spec.name)
    if method == client.PREDICT:
        return _prediction(request)
    kind = "classification" if method == client.CLASSIFY else "regression"
    messages = getattr(m, f"{kind}_pb2")
    word = kind.capitalize()
    asked = getattr(messages, f"{word}Request").FromString(request)
    answer = getattr(messages, f"{word}Response")()
    parts = answer.result.classifications if kind == "classification" else answer.result.regressions
    for _ in asked.input.example_list.examples:
        parts.add()
    return bytes(answer.SerializeToString())


def _metadata(name: str) -> bytes:
    signatures = m.get_model_metadata_pb2.SignatureDefMap()
    signature = signatures.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    _describe(signature.inputs, MODELS.get(name, {}))
    _describe(signature.outputs, {"y": (_FLOAT, () if name == "scalar" else (-1, 2))})
    answer = m.get_model_metadata_pb2.GetModelMetadataResponse()
    answer.model_spec.name, answer.model_spec.version.value = name, 1
    answer.metadata["signature_def"].Pack(signatures)
    return bytes(answer.SerializeToString())


def _describe(infos: Any, tensors: Mapping[str, tuple[int, tuple[int, ...]]]) -> None:
    for name, (dtype, shape) in tensors.items():
        infos[name].name, infos[name].dtype = f"{name}:0", dtype
        infos[name].tensor_shape.SetInParent()
        for size in shape:
            infos[name].tensor_shape.dim.add(size=size)


def _prediction(request: bytes) -> bytes:
    try:
        asked = m.predict_pb2.PredictRequest.FromString(request)
    except Exception as error:
        raise InputMismatch(f"the model server cannot parse it: {error}") from error
    scalar = asked.model_spec.name == "scalar"
    first = next(iter(asked.inputs.values()), None)
    rows = first.tensor_shape.dim[0].size if first is not None and first.tensor_shape.dim else 1
    if not 0 <= rows <= _MOST_ROWS:
        raise InputMismatch(f"the model server takes up to {_MOST_ROWS} rows, not {rows}")
    answer = m.predict_pb2.PredictResponse()
    answer.model_spec.CopyFrom(asked.model_spec)
    answer.model_spec.version.value = 1
    y = answer.outputs["y"]
    y.dtype = _FLOAT
    for size in () if scalar else (rows, 2):
        y.tensor_shape.dim.add(size=size)
    y.tensor_content = struct.pack("<f", 0.5) * (1 if scalar else 2 * rows)
    return bytes(answer.SerializeToString())
