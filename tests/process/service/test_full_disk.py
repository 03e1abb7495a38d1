"""A disk that takes no more: the service goes on, says so, and is well when it is freed."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
from pathlib import Path

import psutil
import pytest

from tests.process.service.disks import disk

__all__ = ["disk"]

JSON = {"Content-Type": "application/json"}
BODY = b'{"instances": [[1.0, 2.0, 5.0]]}'
ANSWER = {"predictions": [[2.0, 4.0, 10.0]]}
PROCESSES = {"nginx": "nginx", "gunicorn": "gunicorn", "model server": "ms-0/sock"}


def answered(service) -> bool:
    """Whether one request is answered right; what is no answer is a 503 with Retry-After, or a reset."""
    try:
        reply = service.post("/invocations", BODY, JSON, timeout=10)
    except (OSError, http.client.HTTPException):
        return False
    if reply.status == 503:
        assert reply.headers["retry-after"]
        return False
    assert (reply.status, reply.json()) == (200, ANSWER)
    return True


def about(service) -> dict:
    return service.get("/").json()


def said_in_ping(service) -> str:
    """What a ping that is not well says of the disk."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        return service.get("/ping").json().get("disk", "")
    return ""


@pytest.fixture
def on(serve, doubling, disk):
    def start(options: str, *, asked: bool = True, **named):
        small = disk(options)
        environ = {"MODEL_URI": doubling, "MODEL_SERVER": "cpu", "SAGEMAKER_GUNICORN_WORKERS": "2"}
        service = serve(**{**environ, **named}, disk=small.path)
        service.wait_ready()
        if asked:
            service.wait_for("an answer", lambda: answered(service))
        return service, small

    return start


def test_what_dies_on_a_full_disk_comes_back_on_it(on) -> None:
    service, small = on("size=24m")
    small.fill()
    service.wait_logged("is full")
    for victims in (*((name,) for name in PROCESSES), tuple(PROCESSES)):
        killed = [service.part(PROCESSES[victim]) for victim in victims]
        for process in killed:
            process.send_signal(signal.SIGKILL)
        service.wait_for("their ends", lambda gone=killed: not set(gone) & set(service.survivors()))
        service.wait_for("an answer on the full disk", lambda: answered(service))
        service.wait_ready()
    assert "is full" in about(service)["disk"]
    assert service.get("/ping").status == 200
    small.free()
    service.wait_logged("there is room on the disk again")
    service.wait_for("GET / without it", lambda: not about(service)["disk"])
    assert service.stop() == 0


def test_a_compiled_model_whose_graph_has_no_room_on_the_disk_is_loaded_again(on, compiled_models) -> None:
    service, small = on("size=24m", MODEL_URI=min(compiled_models.items())[1], asked=False)
    small.fill()
    victim = service.part("ms-0/sock")
    victim.send_signal(signal.SIGKILL)
    service.wait_for("its end", lambda: victim not in service.survivors())
    service.wait_for("its restart", lambda: service.state().servers[0].restarts == 1)
    service.wait_ready()
    assert service.stop() == 0


def test_a_worker_that_dies_without_an_inode_left_is_followed_by_another(on) -> None:
    service, small = on("size=24m,nr_inodes=300")
    small.fill_inodes()
    master = service.part("gunicorn")
    worker = master.children()[0]
    worker.kill()
    service.wait_for("its successor", lambda: len(set(master.children()) - {worker}) == 2)
    service.wait_for("an answer", lambda: answered(service))
    assert service.part("gunicorn") == master
    service.wait_for("the reason in GET /", lambda: "inode" in about(service)["disk"])
    assert service.stop() == 0


def test_a_ping_that_is_not_well_says_that_the_disk_is_full(on, tmp_path: Path) -> None:
    service, small = on("size=24m")
    small.fill()
    service.wait_logged("is full")
    seen = set()

    def looked() -> bool:
        for process in service.children("ms-0/sock"):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        seen.add(said_in_ping(service))
        return bool(seen - {""})

    service.wait_for("a ping that says it", looked)
    assert "is full" in (seen - {""}).pop()


def test_a_body_that_nginx_cannot_write_to_the_full_disk_is_503(on) -> None:
    service, small = on("size=24m")
    small.fill()
    large = b'{"instances": [' + b" " * (12 << 20) + b"[1.0, 2.0, 5.0]]}"
    reply = service.post("/invocations", large, JSON)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "no room" in reply.json()["error"]
    small.free()
    assert service.post("/invocations", large, JSON).json() == ANSWER
    assert service.stop() == 0


def test_a_file_that_somebody_removed_is_made_again(serve, doubling) -> None:
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu")
    service.wait_ready()
    for name in ("serving", ".ping.json", "state.json", "serving.partial", "nginx.conf", "nginx.pid"):
        (service.runtime / name).unlink(missing_ok=True)
    service.wait_ready()
    service.wait_for("an answer", lambda: answered(service))
    before = service.part("nginx")
    before.send_signal(signal.SIGKILL)  # the next one needs its own
    service.wait_for("its end", lambda: before not in service.survivors())
    service.wait_ready()
    service.wait_for("an answer of the next nginx", lambda: answered(service))
    assert json.loads((service.runtime / "state.json").read_text())["state"] == "ready"
    assert service.stop() == 0


def test_a_socket_that_somebody_removed_is_made_again(serve, doubling) -> None:
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu")
    service.wait_ready()
    for name in ("gateway.sock", "about.sock", "front.sock", "ms-0/sock"):
        socket = service.runtime / name
        socket.unlink()
        service.wait_for(f"{name} is there again", socket.exists)
        service.wait_ready()
        service.wait_for("an answer", lambda: answered(service))
