"""Uploads that the gateway refuses while they still come, in batch transform; what nginx keeps of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import psutil
import pytest

from neuronserve.reservedfile import ReservedFile
from neuronserve.state import Model, Server, State, write
from tests.ports import free_port
from tests.process.gateway.conftest import Front, _runtime, _start


@pytest.fixture
def transform(tmp_path, scripted) -> Iterator[Front]:
    """One model in batch transform, whose bodies are at most 1 MiB."""
    with contextlib.ExitStack() as stack:
        made = Front(free_port(), _runtime(stack), scripted(), tmp_path)
        now = State(
            "ready",
            servers=(Server(0, made.server.target, "ready"),),
            models=(Model("m", (1,)),),
            default_model="m",
            kind="cpu",
            generation=1,
        )
        write(ReservedFile(made.runtime / "state.json"), now)
        _start(made, stack, SAGEMAKER_BATCH="true", SERVE_BODY_READ_SECONDS="5")
        yield made


def _held(front: Front) -> int:
    """Connections of clients that nginx has."""
    return sum(
        connection.laddr.port == front.port
        and connection.status == psutil.CONN_ESTABLISHED
        and connection.pid != psutil.Process().pid
        for connection in psutil.net_connections("tcp")
        if connection.laddr
    )


@pytest.mark.parametrize("end", ["closed", "half closed", "kept"])
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Type: text/plain\r\nContent-Length: 900000\r\n",
        b"Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Type: text/csv\r\nContent-Length: 90000000\r\n",
    ],
)
def test_the_descriptor_of_an_upload_that_is_refused_or_left_is_soon_gone(
    transform, headers: bytes, end: str
) -> None:
    with socket.create_connection(("127.0.0.1", transform.port), timeout=30) as upload:
        upload.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n1000\r\n" + b"x" * 500)
        transform.wait_for("it", lambda: _held(transform) == 1)
        if end == "closed":
            upload.close()
        elif end == "half closed":
            upload.shutdown(socket.SHUT_WR)
        transform.wait_for("its descriptor to be gone", lambda: _held(transform) == 0, seconds=20)
