"""Answers in JSON lines that are sent while the model still works on the rest of the rows."""

import http.client
import json
import socket
import zlib

import numpy as np
import pytest

from neuronserve.simulator import control
from neuronserve.simulator.host import attach
from tests import handmade

LINES = {"Content-Type": "application/json", "Accept": "application/jsonlines"}
ROWS = 100


@pytest.fixture
def service(serve, tmp_path):
    """A model that takes one row at a time, and 100 ms for each on one of its cores."""
    handmade.compiled(tmp_path / "models" / "m" / "1", dynamic=False)
    started = serve(
        MODEL_URI=tmp_path / "models",
        SERVE_SIMULATE="inf1.xlarge",
        SERVE_SIMULATE_SERVICE_MS="100",
        SAGEMAKER_TFS_ENABLE_BATCHING="false",
        SERVE_CANARY_SECONDS="0",
    )
    started.wait_ready()
    return started


class Asked:
    """One request, whose answer has begun."""

    def __init__(self, service, body, more=()):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self.connection.request("POST", "/invocations", body, {**LINES, **dict(more)})
        self.reply = self.connection.getresponse()
        self.first = self.reply.read1(65_536)

    def close(self):
        self.reply.close()
        self.connection.close()


def in_flight(service):
    return sum(server["in_flight"] for server in service.get("/").json()["servers"])


def test_the_answer_begins_before_it_ends_and_half_an_answer_is_never_a_whole_one(service):
    x = np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
    body = json.dumps({"instances": x.tolist()}).encode()
    server = control.find(attach(service.runtime / "neuron-host"), core=0)

    asked = Asked(service, body)
    server.hang()
    assert (asked.reply.status, asked.reply.headers["Transfer-Encoding"]) == (200, "chunked")
    assert asked.first.startswith(b'{"predictions":[[')
    assert in_flight(service) > 0
    server.resume()
    found = json.loads(asked.first + asked.reply.read())["predictions"]
    assert np.allclose(found, x @ handmade.weights())
    asked.close()
    service.wait_for("the log", lambda: [r["status"] for r in service.requests()] == [200])

    asked = Asked(service, body)
    completed = service.get("/").json()["servers"][0]["completed"]
    asked.close()
    service.wait_for("the calls to end", lambda: in_flight(service) == 0)
    assert service.get("/").json()["servers"][0]["completed"] - completed < ROWS
    service.wait_for("the log", lambda: [r["status"] for r in service.requests()] == [200, 499])

    asked = Asked(service, body)
    server.crash()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        asked.reply.read()
    asked.close()
    service.wait_for("the log", lambda: [r["status"] for r in service.requests()] == [200, 499, 503])
    line = service.requests()[-1]
    assert line["bytes_out"] > 0
    assert service.wait_logged(f"request {line['request_id']}: its answer was cut off")
    assert service.stop() == 0


def test_a_compressed_answer_begins_before_it_ends_too_and_one_by_http_1_0_ends_with_its_connection(service):
    x = np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
    body = json.dumps({"instances": x.tolist()}).encode()
    server = control.find(attach(service.runtime / "neuron-host"), core=0)

    asked = Asked(service, body, {"Accept-Encoding": "gzip"})
    server.hang()
    assert asked.reply.headers["Content-Encoding"] == "gzip"
    unpacked = zlib.decompressobj(wbits=31)
    # gzip's own head may come by itself
    begun = unpacked.decompress(asked.first) or unpacked.decompress(asked.reply.read1(65_536))
    assert begun.startswith(b'{"predictions":[[')
    assert in_flight(service) > 0
    server.resume()
    unpacked.decompress(asked.reply.read())
    assert unpacked.eof
    asked.close()

    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as sock:
        head = f"POST /invocations HTTP/1.0\r\nContent-Length: {len(body)}\r\n"
        sock.sendall((head + "".join(f"{k}: {v}\r\n" for k, v in LINES.items()) + "\r\n").encode() + body)
        with sock.makefile("rb") as answer:
            headers, _, content = answer.read().partition(b"\r\n\r\n")
    assert b"chunked" not in headers.lower()
    assert np.allclose(json.loads(content)["predictions"], x @ handmade.weights())
