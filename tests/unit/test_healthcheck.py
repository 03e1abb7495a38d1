"""The image's health check."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from neuronserve import healthcheck


@pytest.fixture(params=[200, 503])
def service(request):
    class Ping(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(request.param)
            self.end_headers()
            self.wfile.write(b"" if request.param == 200 else b'{"state":"starting"}')

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ping) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield request.param, server.server_port
        thread.join()


def test_it_is_healthy_exactly_when_ping_answers_200(service):
    status, port = service
    reason = healthcheck.ask({"SAGEMAKER_BIND_TO_PORT": str(port)})
    assert reason == ("" if status == 200 else '503 {"state":"starting"}')


def test_a_port_where_nothing_listens_is_a_reason():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "refused" in healthcheck.ask({"SAGEMAKER_BIND_TO_PORT": str(port)})


def test_a_port_that_is_no_number_is_a_reason_too():
    assert "http" in healthcheck.ask({"SAGEMAKER_BIND_TO_PORT": "http"})
