"""``POST /invocations`` and ``POST /models/NAME/invoke`` between WSGI and the service.

It reads the WSGI environment itself: Flask's own request and response cost 0.24 ms of CPU for each
request, a third of all that a small one needs (``scripts/bench``).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from neuronserve.errors import ClientGone, NeuronserveError
from neuronserve.gateway import body, statuses
from neuronserve.gateway.invocation import Answer, Invocation
from neuronserve.gateway.journal import Journal
from neuronserve.gateway.memory import Budget
from neuronserve.gateway.metrics import Metrics
from neuronserve.gateway.sending import Ended, Sending
from neuronserve.gateway.service import Service
from neuronserve.gateway.watch import Watcher

TARGET = "neuronserve.target"  # in the WSGI environment: the model that the address names
StartResponse = Callable[[str, list[tuple[str, str]]], object]

_UNHELD = ("X-Accel-Buffering", "no")  # nginx passes on each piece of the answer as it comes

_ANYTHING = (None, "", "*/*")
_LARGE = 64 << 20  # bytes of a body for which there may be no memory
_DRAIN_SECONDS = 600.0  # a client that sends for so long after it was refused is not answered

_log = logging.getLogger("neuronserve.gateway")


class Invocations:
    """The WSGI application of one route."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        metrics: Metrics,
        watcher: Watcher | None,
        max_body_bytes: int,
        budget: Budget,
        *,
        in_pieces: bool = False,
        default_accept: str | None = None,
    ) -> None:
        """``in_pieces``: bodies are received as they are needed, which batch transform wants.

        ``default_accept``: for requests that do not say, or to which all is welcome.
        """
        self._service = service
        self._journal = journal
        self._metrics = metrics
        self._watcher = watcher
        self._limit = max_body_bytes
        self._budget = budget
        self._in_pieces = in_pieces
        self._default_accept = default_accept

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        request_id = request_id_of(environ)
        request = self._request(environ)
        sending = None
        try:
            self._receive(environ, request)
            answer = self._service.invoke(request)
            if answer.stream is not None:
                sending = Sending(answer.stream)
        except Exception as error:  # noqa: BLE001  the edge: nothing may pass it
            if request.source is not None:
                request.source.drain(_DRAIN_SECONDS)
            status, code, headers, content = _failed(error, request_id)
        else:
            status, code, headers, content = _answered(answer)
        headers.append(("X-Request-Id", request_id))
        if sending is not None:
            sending.ended = self._when_ended(request, request_id, answer.content_type, began)
            start_response(status, headers)
            return sending
        request.lease.close()  # what is left, the answer, goes out at once
        self._tell(
            request, request_id, status, code, (headers[0][1], len(content)), time.perf_counter() - began
        )
        start_response(status, headers)
        return (content,)

    def _request(self, environ: Mapping[str, Any]) -> Invocation:
        get = environ.get
        connection = None
        sock = get("gunicorn.socket")
        if self._watcher is not None and sock is not None:
            connection = self._watcher.connection(sock.fileno())
        return Invocation(
            body=b"",
            content_type=get("CONTENT_TYPE") or None,
            accept=self._accept(get("HTTP_ACCEPT")),
            encoding=get("HTTP_CONTENT_ENCODING"),
            attributes=get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES"),
            target=environ.get(TARGET, ""),
            arrival=arrival_of(environ),
            watch=connection.watch if connection is not None else _nobody,
            lease=self._budget.lease(),
            target_model=get("HTTP_X_AMZN_SAGEMAKER_TARGET_MODEL", ""),
            variant=get("HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT", ""),
            container=get("HTTP_X_AMZN_SAGEMAKER_TARGET_CONTAINER_HOSTNAME", ""),
            session=get("HTTP_X_AMZN_SAGEMAKER_SESSION_ID", ""),
        )

    def _accept(self, said: str | None) -> str | None:
        return self._default_accept or said if said in _ANYTHING else said

    def _receive(self, environ: Mapping[str, Any], request: Invocation) -> None:
        """The body, or in batch transform where it comes from."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not self._in_pieces and length < _LARGE and not (length == 0 and body.is_chunked(environ)):
            if self._limit and length > self._limit:
                raise body.too_large(length, self._limit)
            request.lease.charge("body", length)
            request.body = body.read(environ, length)
            return
        source = body.Source(environ, self._limit, body.room, request.lease.meter("body"))
        if self._in_pieces:
            request.source = source
        else:
            request.body = source.whole()

    def _when_ended(self, request: Invocation, request_id: str, content_type: str, began: float) -> Ended:
        def ended(fault: Exception | None, sent: int) -> None:
            request.lease.close()
            status, code = "200 OK", ""
            if fault is not None:
                failure = _failure(fault, request_id)
                status, code = failure.status, failure.code
                told = "request %s: its answer was cut off after %d bytes: %s"
                _log.warning(told, request_id, sent, failure.text)
            self._tell(request, request_id, status, code, (content_type, sent), time.perf_counter() - began)

        return ended

    def _tell(
        self,
        request: Invocation,
        request_id: str,
        status: str,
        code: str,
        answer: tuple[str, int],
        seconds: float,
    ) -> None:
        """Log and count it. The answer is made, and goes out whatever becomes of that."""
        number = status[:3]
        try:
            self._journal.note(request, request_id, int(number), code, answer, seconds)
            self._metrics.observe(request.model, number, seconds, (request.size, answer[1]))
            if request.split is not None and request.split.pad:
                self._metrics.filled(request.split, request.asked)
        except Exception as error:  # noqa: BLE001  a full disk, say
            _log.error("request %s: not logged or not counted", request_id, exc_info=error)


_Response = tuple[str, str, list[tuple[str, str]], bytes]


def _answered(answer: Answer) -> _Response:
    headers = [
        ("Content-Type", answer.content_type),
        _UNHELD if answer.stream is not None and answer.length is None else _length(answer),
        ("X-Amzn-SageMaker-Custom-Attributes", answer.attributes),
    ]
    return "200 OK", "", headers, answer.body


def _length(answer: Answer) -> tuple[str, str]:
    return "Content-Length", str(len(answer.body) if answer.length is None else answer.length)


def _failure(error: Exception, request_id: str) -> statuses.Failure:
    """What a client may know of it; the log gets the rest."""
    if not isinstance(error, NeuronserveError):
        _log.error("request %s: unexpected fault", request_id, exc_info=error)
    elif error.detail:
        _log.warning("request %s: %s: %s", request_id, error, error.detail)
    return statuses.of(error)


def _failed(error: Exception, request_id: str) -> _Response:
    failure = _failure(error, request_id)
    content = failure.body(request_id)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    if failure.retry_after is not None:
        headers.append(("Retry-After", str(failure.retry_after)))
    if isinstance(error, ClientGone):
        headers.append(("Connection", "close"))
    return failure.status, failure.code, headers, content


def _nobody(_cancel: Callable[[], None] | None) -> None:
    """Nobody watches the connection: a test client's, say."""


def request_id_of(environ: Mapping[str, Any]) -> str:
    """Nginx's X-Request-Id, made of the platform's own headers; our own where there is no nginx."""
    return environ.get("HTTP_X_REQUEST_ID", "")[:128] or uuid.uuid4().hex


def arrival_of(environ: Mapping[str, Any]) -> float:
    """Seconds since the epoch at which nginx read the first byte; now where there is no nginx."""
    now = environ.get("HTTP_X_REQUEST_MSEC")
    elapsed = environ.get("HTTP_X_REQUEST_ELAPSED")
    if not now or not elapsed:
        return time.time()
    try:
        return float(now) - float(elapsed)
    except ValueError:
        return time.time()
