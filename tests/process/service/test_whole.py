from __future__ import annotations

import json
import os
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

JSON = {"Content-Type": "application/json"}
BODY = b'{"instances": [[1.0, 2.0, 5.0]]}'


def model_servers(service) -> list:
    return service.children("--grpc_socket_path=")


def test_a_model_is_pulled_from_s3_served_and_reused_by_the_next_start(serve, stored, doubling) -> None:
    environ = stored(doubling)
    for reused in (False, True):
        service = serve(**environ)
        service.wait_ready()
        answer = service.post("/invocations", BODY, JSON)
        assert (answer.status, answer.json()) == (200, {"predictions": [[2.0, 4.0, 10.0]]})
        assert any("reus" in line["message"] for line in service.log()) == reused
        assert "testing-secret" not in json.dumps(service.log())
        assert service.stop() == 0


def test_both_compiled_models_answer_right_through_the_whole_stack(serve, stored, compiled_models) -> None:
    dense, conv = compiled_models["inf1-dense-tf2"], compiled_models["inf1-conv2d-tf1"]
    rng = np.random.default_rng(1)
    for folder, shape in ((dense, (2, 3)), (conv, (2, 1, 2, 2))):
        service = serve(**stored(folder))
        service.wait_ready()
        rows = rng.random(shape, np.float32)
        together = service.post("/invocations", json.dumps({"instances": rows.tolist()}).encode(), JSON)
        assert together.status == 200, together.body
        found = np.array(together.json()["predictions"])
        assert found.shape == rows.shape
        assert np.abs(found).sum() > 0
        alone = [
            service.post("/invocations", json.dumps({"instances": [row.tolist()]}).encode(), JSON).json()[
                "predictions"
            ][0]
            for row in rows
        ]
        assert np.allclose(found, alone, atol=1e-6)
        assert service.stop() == 0


def test_the_platforms_ids_come_back_and_are_in_the_log(serve, doubling) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu")
    service.wait_ready()
    named = (
        {"X-Amzn-SageMaker-Inference-Id": "inf-1"},
        {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        {"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678;Sampled=1"},
    )
    expected = "inf-1", "a" * 32, "1-67891233-abcdef012345678912345678"
    for headers, wanted in zip(named, expected, strict=True):
        answer = service.post("/invocations", BODY, {**JSON, **headers})
        assert answer.headers["x-request-id"] == wanted
    service.wait_for("the log", lambda: [r["request_id"] for r in service.requests()] == list(expected))
    assert service.stop() == 0


def test_a_request_in_flight_at_sigterm_is_answered_and_none_after(serve, doubling) -> None:
    """The body is held back: nginx has the request, nobody else does."""
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu")
    service.wait_ready()
    head = "POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        service.send_signal(signal.SIGTERM)
        service.wait_state("draining")
        assert service.post("/invocations", BODY, JSON).status == 503
        client.sendall(BODY)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"predictions":[[2.0,4.0,10.0]]}')
    assert service.wait_exit() == 0


@pytest.mark.parametrize("victim", ["nginx", "gunicorn"])
def test_a_killed_front_or_gateway_comes_back(serve, doubling, victim: str) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu")
    service.wait_ready()
    parent = service.part(victim)
    os.kill(parent.pid, signal.SIGKILL)

    def answered() -> bool:
        try:
            return service.post("/invocations", BODY, JSON).status == 200
        except OSError:
            return False

    service.wait_for("death noticed", lambda: parent not in service.survivors())
    service.wait_for("an answer again", answered)
    assert service.stop() == 0


def test_a_gateway_worker_that_dies_is_replaced_and_its_calls_are_forgotten(serve, doubling) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu", SAGEMAKER_GUNICORN_WORKERS="2")
    service.wait_ready()
    master = service.part("gunicorn")
    workers = service.wait_for("both workers", lambda: master.children()[1:] and master.children())
    os.kill(workers[0].pid, signal.SIGKILL)
    service.wait_for(
        "a new worker", lambda: len([p for p in master.children() if p.pid != workers[0].pid]) == 2
    )
    service.wait_for("an answer", lambda: service.post("/invocations", BODY, JSON).status == 200)
    service.wait_for("nothing in flight", lambda: service.get("/").json()["servers"][0]["in_flight"] == 0)
    assert service.stop() == 0


def test_many_connections_at_once_are_all_answered(serve, doubling) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu", SERVE_MAX_IN_FLIGHT="64")
    service.wait_ready()
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.append(service.post("/invocations", BODY, JSON).status))
        for _ in range(48)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [200] * 48
    assert service.stop() == 0


def test_an_unusable_model_ends_the_start_with_its_exit_code(serve, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    service = serve(MODEL_URI=str(tmp_path), MODEL_SERVER="cpu")
    assert service.wait_exit() == 20
    assert any(line.get("code") == "no_saved_model" for line in service.log())


def test_a_broken_model_ends_the_start_with_the_servers_reason(serve, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"not a model")
    service = serve(MODEL_URI=str(tmp_path), MODEL_SERVER="cpu", SERVE_START_ATTEMPTS="1")
    assert service.wait_exit(60) == 30


def test_a_missing_model_server_is_told_before_the_model_has_come(serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        service = serve(
            MODEL_URI="s3://models/x.tar.gz",
            AWS_ENDPOINT_URL=address,
            AWS_ACCESS_KEY_ID="a",
            AWS_SECRET_ACCESS_KEY="b",
            MODEL_SERVER="neuron",
        )
        assert service.wait_exit() == 30
    assert any("MODEL_SERVER_BINARY" in line.get("hint", "") for line in service.log())


def test_a_warning_of_the_gateway_is_one_in_the_log_too(serve, doubling) -> None:
    service = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu")
    service.wait_ready()
    (service.runtime / "neuron.json").write_text("no json")
    assert service.get("/metrics").status == 200
    line = service.wait_logged("neuron.json cannot be read")
    assert line["level"] == "warning"
    assert service.stop() == 0
