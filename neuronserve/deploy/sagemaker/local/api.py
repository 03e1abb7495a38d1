"""The runtime API over HTTP: botocore's sagemaker-runtime, REST and JSON, as a WSGI application."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING

from werkzeug.wsgi import get_input_stream

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Severity
from neuronserve.deploy.sagemaker.local import eventstream, faults
from neuronserve.deploy.sagemaker.local.asynchronous import Queue, Ticket
from neuronserve.deploy.sagemaker.local.calls import Answer, Streamed, TooSlow, Unanswered
from neuronserve.deploy.sagemaker.local.faults import Fault
from neuronserve.deploy.sagemaker.local.invocation import Invocation
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.requested import Requested
from neuronserve.deploy.sagemaker.local.routing import Route
from neuronserve.deploy.sagemaker.local.wanted import Endpoint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(r"/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)")
_OPERATIONS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_NEW_SESSION = "NEW_SESSION"
_SESSION_HOURS = 1
_AMZN = "X-Amzn-SageMaker-"

Headers = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Reply:
    status: str
    headers: Headers
    body: Iterable[bytes]


class Api:
    """``route``: to the endpoint's containers. ``queue``: for an asynchronous endpoint.

    ``tell`` gets what is refused.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        route: Route,
        queue: Queue | None,
        limits: Limits,
        tell: Callable[[str], None],
    ) -> None:
        self._endpoint, self._route, self._queue, self._limits = endpoint, route, queue, limits
        self._tell = tell
        self._closed = threading.Event()
        self._idle = threading.Condition()
        self._under_way = 0

    def close(self) -> None:
        """Refuse what comes from now on; what is under way goes on."""
        self._closed.set()

    def wait(self, seconds: float) -> bool:
        """Until nothing is under way."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._under_way, seconds)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The whole answer is written before this ends: a generator."""
        with self._idle:
            self._under_way += 1
        try:
            reply = self._reply_or_refusal(environ)
            start_response(reply.status, [*reply.headers, ("x-amzn-RequestId", str(uuid.uuid4()))])
            yield from reply.body
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _reply_or_refusal(self, environ: WSGIEnvironment) -> Reply:
        try:
            return self._reply(environ)
        except Fault as fault:
            refusal = fault
        except Exception as error:  # noqa: BLE001  the edge: a client gets an answer
            refusal = faults.internal(f"a fault of the rehearsal itself: {type(error).__name__}: {error}")
        self._tell(f"{refusal.code}: {refusal.message}")
        return _refused(refusal)

    def _reply(self, environ: WSGIEnvironment) -> Reply:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if (method, path) == ("GET", "/ping"):  # the rehearsal's own
            return Reply("200 OK", [("Content-Length", "0")], [])
        found = _PATH.fullmatch(path)
        if not found or method != "POST":
            raise Fault(
                "UnknownOperationException", 404, f"{method} {path} is no operation of sagemaker-runtime"
            )
        if self._closed.is_set():
            raise faults.unavailable(f"Endpoint {found[1]} is being deleted.")
        requested = Requested.of(_OPERATIONS[found[2]], found[1], environ)
        self._check(requested)
        operation: Callable[[Requested, IO[bytes]], Reply] = {
            "InvokeEndpoint": self._invoke,
            "InvokeEndpointAsync": self._queued,
            "InvokeEndpointWithResponseStream": self._stream,
        }[requested.operation]
        return operation(requested, get_input_stream(environ))

    def _check(self, requested: Requested) -> None:
        endpoint = self._endpoint
        for finding in shapes.findings("sagemaker-runtime", requested.operation, requested.params):
            if finding.severity is Severity.ERROR and finding.pointer != "/Body":
                raise faults.invalid(f"{finding.pointer.lstrip('/')}: {finding.message}")
        if requested.params["EndpointName"] != endpoint.name:
            raise faults.invalid(
                f"Endpoint {requested.params['EndpointName']} of account {faults.ACCOUNT} not found."
            )
        variant = requested.params.get("TargetVariant", endpoint.variant)
        if variant != endpoint.variant:
            raise faults.invalid(f"Variant {variant} of endpoint {endpoint.name} not found.")
        if "InferenceComponentName" in requested.params:
            raise faults.invalid(f"Endpoint {endpoint.name} has no inference components.")
        if (requested.operation == "InvokeEndpointAsync") != (self._queue is not None):
            kind = "an asynchronous" if self._queue else "no asynchronous"
            raise faults.invalid(f"Endpoint {endpoint.name} is {kind} endpoint: use another operation.")

    # --- the operations

    def _invoke(self, requested: Requested, source: IO[bytes]) -> Reply:
        answer = self._route.respond(self._invocation(requested, source))
        if len(answer.body) > self._limits.body_bytes:
            raise faults.internal(
                f"the response has {len(answer.body)} bytes; at most {self._limits.body_bytes} are passed on"
            )
        headers = (
            [("Content-Type", answer.headers["content-type"])] if "content-type" in answer.headers else []
        )
        headers += self._about(answer)
        if requested.params.get("SessionId") == _NEW_SESSION:
            headers += _new_session(answer)
        return Reply("200 OK", [*headers, ("Content-Length", str(len(answer.body)))], [answer.body])

    def _stream(self, requested: Requested, source: IO[bytes]) -> Reply:
        with contextlib.ExitStack() as held:
            found = held.enter_context(self._route.stream(self._invocation(requested, source)))
            headers = [("Content-Type", eventstream.CONTENT_TYPE), *self._about(found)]
            headers.append((f"{_AMZN}Content-Type", found.headers.get("content-type", "")))
            return Reply("200 OK", headers, _events(found, held.pop_all()))

    def _queued(self, requested: Requested, source: IO[bytes]) -> Reply:
        if self._queue is None:
            raise faults.internal("no queue")
        inline = _all(source, self._limits.async_inline_bytes)
        if bool(inline) == ("InputLocation" in requested.params):
            raise faults.invalid("Exactly one of Body and InputLocation is needed.")
        ticket = Ticket.of(requested.params, str(uuid.uuid4()), self._queue.wanted, self._limits.async_answer)
        self._queue.put(ticket, inline)
        headers = [(f"{_AMZN}OutputLocation", ticket.output), ("Content-Type", "application/json")]
        if ticket.failure:
            headers.append((f"{_AMZN}FailureLocation", ticket.failure))
        body = json.dumps({"InferenceId": ticket.inference_id}).encode()
        return Reply("202 Accepted", [*headers, ("Content-Length", str(len(body)))], [body])

    def _invocation(self, requested: Requested, source: IO[bytes]) -> Invocation:
        params = requested.params
        return Invocation(
            body=_all(source, self._limits.body_bytes),
            answer=self._limits.answer,
            content_type=params.get("ContentType", ""),
            accept=params.get("Accept", ""),
            custom_attributes=params.get("CustomAttributes", ""),
            inference_id=params.get("InferenceId", ""),
            session_id=params.get("SessionId", ""),
            target_model=params.get("TargetModel", ""),
            target_variant=params.get("TargetVariant", ""),
            target_hostname=params.get("TargetContainerHostname", ""),
        )

    def _about(self, answer: Answer | Streamed) -> Headers:
        found = [("x-Amzn-Invoked-Production-Variant", self._endpoint.variant)]
        attributes = answer.headers.get(f"{_AMZN}Custom-Attributes".lower())
        if attributes:  # of the container's own: those of the request do not come back
            found.append((f"{_AMZN}Custom-Attributes", attributes))
        closed = answer.headers.get(f"{_AMZN}Closed-Session-Id".lower())
        if closed:
            found.append((f"{_AMZN}Closed-Session-Id", closed))
        return found


def _new_session(answer: Answer) -> Headers:
    """What the container says, else one of the platform's making."""
    name = f"{_AMZN}New-Session-Id"
    if told := answer.headers.get(name.lower()):
        return [(name, told)]
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=_SESSION_HOURS)
    return [(name, f"{uuid.uuid4()}; Expires={expires:%Y-%m-%dT%H:%M:%SZ}")]


def _events(found: Streamed, held: contextlib.ExitStack) -> Iterator[bytes]:
    """Each part as soon as it comes; a stream that breaks ends in an exception."""
    with held:
        try:
            for part in found.parts:
                yield eventstream.part(part)
        except Unanswered as error:
            late = isinstance(error, TooSlow)
            document = {
                "Message": f"The stream of the model's container ended: {error}",
                "ErrorCode": "ModelInvocationTimeExceeded" if late else "StreamBroken",
            }
            yield eventstream.exception("ModelStreamError", json.dumps(document).encode())


def _all(source: IO[bytes], limit: int) -> bytes:
    body = source.read(limit + 1)
    if len(body) > limit:
        raise faults.too_large(limit)
    return body


def _refused(fault: Fault) -> Reply:
    body = json.dumps(fault.document()).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", fault.code)]
    return Reply(f"{fault.status} {fault.code}", [*headers, ("Content-Length", str(len(body)))], [body])
