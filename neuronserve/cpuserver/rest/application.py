"""The WSGI application: TF Serving's URLs, methods and statuses."""

from __future__ import annotations

import http
import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.core import Core
from neuronserve.cpuserver.rest import answers, requests, text
from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.messages import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_INFERENCE = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_STATUS = re.compile(_MODEL + r"(?:/(?P<part>metadata))?", re.IGNORECASE)
_NO_MODEL = re.compile(r"/v1/models/?", re.IGNORECASE)

_STATUSES = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}
_CORS = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
]


class Application:
    """Answers TF Serving's REST requests from a core."""

    def __init__(self, core: Core, *, timeout_ms: int, cors: bool, metrics_path: str | None) -> None:
        self._core = core
        self._timeout = timeout_ms / 1000 if timeout_ms > 0 else None
        self._cors = cors
        self._metrics_path = metrics_path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("RAW_PATH") or _raw_path(environ)
        kind = "application/json"
        if method == "GET" and path == self._metrics_path:
            status, kind = 200, "text/plain"
            body = self._core.metrics.text().encode()
        elif method == "OPTIONS" and self._cors:
            status, body = 200, b""
        else:
            status, body = self._answer(method, path, environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *(_CORS if self._cors else [])]
        start_response(f"{status} {_phrase(status)}", headers)
        return [body]

    def _answer(self, method: str, path: str, environ: WSGIEnvironment) -> tuple[int, bytes]:
        try:
            return 200, self._dispatch(method, path, environ)
        except StatusError as error:
            return _STATUSES.get(error.code, 500), text.error(error.message)
        except Exception:  # noqa: BLE001  the client gets a fixed text, the log the rest
            _log.exception("%s %s failed unexpectedly", method, path)
            return 500, text.error("the request failed unexpectedly; see the server's log")

    def _dispatch(self, method: str, path: str, environ: WSGIEnvironment) -> bytes:
        call = Call.within(self._timeout)
        inference, status = _INFERENCE.fullmatch(path), _STATUS.fullmatch(path)
        if method == "POST" and inference:
            body = environ["wsgi.input"].read()
            answer: Callable[..., bytes] = {
                "predict": self._predict,
                "classify": self._classify,
                "regress": self._regress,
            }[inference["method"].lower()]
            return answer(inference, body, call)
        if method == "GET" and status:
            return self._metadata(status) if status["part"] else self._status(status)
        if method == "GET" and _NO_MODEL.fullmatch(path):
            raise invalid("Missing model name in request.")
        if not path.lower().startswith("/v1/"):
            raise StatusError(Code.NOT_FOUND, f"Not Found: {method} {path}")
        raise invalid(f"Malformed request: {method} {path}")

    def _predict(self, match: re.Match[str], body: bytes, call: Call) -> bytes:
        request = predict_pb2.PredictRequest()
        _fill_spec(request.model_spec, match)

        def inputs_of(signature: str) -> Any:
            name, known = signature or "serving_default", self._core.signatures(request.model_spec)
            if name not in known:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            return known[name].inputs

        form = requests.fill_predict(body, request, inputs_of)
        return answers.predictions(self._core.predict(request, call).outputs, form)

    def _classify(self, match: re.Match[str], body: bytes, call: Call) -> bytes:
        request = classification_pb2.ClassificationRequest()
        _fill_spec(request.model_spec, match)
        requests.fill_examples(body, request)
        return answers.classifications(self._core.classify(request, call).result)

    def _regress(self, match: re.Match[str], body: bytes, call: Call) -> bytes:
        request = regression_pb2.RegressionRequest()
        _fill_spec(request.model_spec, match)
        requests.fill_examples(body, request)
        return answers.regressions(self._core.regress(request, call).result)

    def _status(self, match: re.Match[str]) -> bytes:
        request = get_model_status_pb2.GetModelStatusRequest()
        _fill_spec(request.model_spec, match)
        return answers.message(self._core.status(request))

    def _metadata(self, match: re.Match[str]) -> bytes:
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        _fill_spec(request.model_spec, match)
        return answers.metadata(self._core.metadata(request))


def _fill_spec(spec: Any, match: re.Match[str]) -> None:
    spec.name = _unquoted(match["name"])
    if match["version"]:
        if int(match["version"]) >= 2**63:
            raise invalid(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(match["version"])
    if match["label"]:
        spec.version_label = _unquoted(match["label"])


def _unquoted(part: str) -> str:
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise invalid(f"Failed to decode model name:{part}") from None


def _raw_path(environ: WSGIEnvironment) -> str:
    # WSGI's path is unquoted already, as Latin-1; a quoted slash in a name is lost by then
    return str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")


def _phrase(status: int) -> str:
    return "Client Closed Request" if status == 499 else http.HTTPStatus(status).phrase
