"""The doctor beside a service that runs, and beside a stranger on its port."""

from __future__ import annotations

import http.server
import threading

import pytest


def test_a_service_that_runs_is_known_again_by_port_and_cores(doctor, serve):
    environ = {name: value for name, value in doctor.environ.items() if name != "SAGEMAKER_BIND_TO_PORT"}
    service = serve(**environ, SAGEMAKER_GUNICORN_WORKERS="1")
    service.wait_ready(120)
    before = service.state()
    found = doctor(SAGEMAKER_BIND_TO_PORT=str(service.port), SERVE_RUNTIME_DIR=str(service.runtime))
    assert (found.code, found.faults()) == (0, [])
    [port] = found.of("ports")
    assert (port["level"], port["data"]["state"]) == ("note", "ready")
    assert any(f"process {service.process.pid} uses it" in one["message"] for one in found.of("folders"))
    assert any("the service that runs here" in one["message"] for one in found.of("cores"))
    assert service.state() == before
    assert service.get("/ping").status == 200


class Silent(http.server.BaseHTTPRequestHandler):
    """It knows no methods, and says nothing on stderr."""

    def log_message(self, *_): ...


@pytest.fixture
def stranger():
    """Somebody else's web server."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stranger_on_the_port_is_a_fault(doctor, stranger):
    found = doctor("--only", "ports", SAGEMAKER_BIND_TO_PORT=str(stranger))
    [fault] = found.faults()
    assert found.code == fault["exit_code"] == 32
    assert "somebody there answers /ping with 501" in fault["message"]
    assert "SAGEMAKER_BIND_TO_PORT" in fault["fix"]
