"""The WSGI application: TF Serving's URLs, methods and statuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.core import Core
from neuronserve.cpuserver.rest import answers, http, requests, text
from neuronserve.cpuserver.rest.http import phrase
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

_API = re.compile(r"/v1/.*", re.IGNORECASE)
_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_INFERENCE = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)", re.IGNORECASE | re.ASCII
)
_STATUS = re.compile(
    rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<part>metadata))?", re.IGNORECASE | re.ASCII
)

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
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
_ORIGIN = re.compile(r"https?://")
_HTML = "text/html"
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
        method = environ["REQUEST_METHOD"]
        status, kind, body = self._route(method, environ)
        headers = [("Content-Length", str(len(body))), *([("Content-Type", kind)] if kind else [])]
        if self._cors and kind != _HTML:
            headers.extend(_CORS)
        start_response(f"{status} {phrase(status)}", headers)
        return [] if method == "HEAD" else [body]

    def _route(self, method: str, environ: WSGIEnvironment) -> tuple[int, str, bytes]:
        """The status, the content type and the body of an answer."""
        if method not in _METHODS:
            return _page(501)
        target = http.target(environ)
        if target is None:
            return _page(400)
        if self._metrics_path and target.partition("?")[0] == self._metrics_path:
            return self._metrics(target)
        if not _API.fullmatch(target):
            return _page(404)
        if method == "OPTIONS":  # a preflight; only a browser's has an origin
            return 200 if _ORIGIN.search(environ.get("HTTP_ORIGIN", "")) else 400, "", b""
        status, body = self._answer(method, target, environ)
        return status, "application/json", body

    def _metrics(self, target: str) -> tuple[int, str, bytes]:
        if target != self._metrics_path:
            return 400, "text/plain", f"Unexpected path: {target}. Should be {self._metrics_path}".encode()
        return 200, "text/plain", self._core.metrics.text().encode()

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
        if method == "GET" and (match := _STATUS.fullmatch(path)):
            return self._about(match)
        if method == "POST" and (match := _INFERENCE.fullmatch(path)):
            infer = {"predict": self._predict, "classify": self._classify, "regress": self._regress}
            if match["method"] in infer:  # the pattern ignores case, this does not
                return infer[match["method"]](match, http.body(environ), call)
        raise invalid(f"Malformed request: {method} {path}")

    def _about(self, match: re.Match[str]) -> bytes:
        if not match["name"]:
            raise invalid("Missing model name in request.")
        # the pattern ignores case: any other spelling is the path of a status
        return self._metadata(match) if match["part"] == "metadata" else self._status(match)

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
    """A name as it is meant; what is no UTF-8 is replaced, and the name of no model."""
    return unquote_to_bytes(part).decode("utf-8", "replace")


def _page(status: int) -> tuple[int, str, bytes]:
    """What the HTTP server below TF Serving answers itself."""
    return status, _HTML, http.page(status)
