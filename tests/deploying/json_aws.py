"""AWS's JSON 1.1 protocol over HTTP, answered by the methods of an object, one for each operation.

Requests and answers are checked against botocore's own model of the service.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.validate import ParamValidator

from neuronserve.deploy import shapes


class Refused(Exception):
    """AWS's error: its code, message and HTTP status."""

    def __init__(self, code: str, message: str = "no", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclasses.dataclass
class Fault:
    """The next ``times`` calls of an operation end so."""

    operation: str
    error: Refused
    times: int = 1 << 30


@dataclasses.dataclass
class Front:
    """``calls``: operations and their requests, as they came. ``faults``: what ends otherwise."""

    service: str
    faults: list[Fault] = dataclasses.field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def sent(self, *operations: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name in operations]

    def answer(
        self, behind: Any, operation: str, request: dict[str, Any], service: str = ""
    ) -> dict[str, Any]:
        """What ``behind`` answers; its methods take the request. ``service``: another one than its own."""
        service = service or self.service
        with self.lock:
            self.calls.append((operation, request))
            for fault in self.faults:
                if fault.operation == operation and fault.times > 0:
                    fault.times -= 1
                    raise fault.error
            if found := shapes.findings(service, operation, request):
                raise Refused("InvalidParameterException", found[0].line(operation))
            answer: dict[str, Any] = getattr(behind, xform_name(operation))(request)
            model = shapes.operation_model(service, operation)
            if model.output_shape is None:  # such as DeleteModel's
                assert not answer
                return answer
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), report.generate_report()
            return answer

    @contextlib.contextmanager
    def serving(self, behind: Any) -> Iterator[str]:
        """Its address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, behind))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


_OTHERS = {"AnyScaleFrontendService": "application-autoscaling"}


def _handler(front: Front, behind: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            prefix, _, operation = self.headers["X-Amz-Target"].partition(".")
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, front.answer(behind, operation, request, _OTHERS.get(prefix, ""))
            except Refused as error:
                status, body = error.status, {"__type": error.code, "message": error.message}
            data = json.dumps(body, default=lambda value: value.timestamp()).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """The test's output is its own."""

    return Handler
