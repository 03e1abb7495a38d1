"""Batch transform through the whole service: bodies of any length, and what they need."""

import http.client
import re
from pathlib import Path

import pytest

# 191 bytes: text that is long, and numbers that are few
ROW = ",".join(f"{n}.5" + "0" * 60 for n in (1, 2, 3)) + "\n"
BATCH = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0", "SAGEMAKER_GUNICORN_WORKERS": "1"}


def most_memory(process):
    """The most bytes that it ever had in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


def workers_of(service):
    """The gateway's worker, and nginx's."""
    masters = [service.part(name) for name in ("gunicorn", "nginx")]
    return [child for master in masters for child in master.children()]


def chunked(service, blocks, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("POST", "/invocations", blocks, named, encode_chunked=True)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@pytest.fixture
def service(serve, doubling):
    started = serve(MODEL_URI=str(doubling), MODEL_SERVER="cpu", **BATCH)
    started.wait_ready()
    return started


def test_a_body_in_chunks_needs_less_memory_than_it_has_bytes(service):
    assert chunked(service, iter([ROW.encode()] * 2), Content_Type="text/csv")[0] == 200
    before = {process: most_memory(process) for process in workers_of(service)}
    block = ROW.encode() * 400
    blocks = (64 << 20) // len(block)
    status, answer = chunked(
        service, (block for _ in range(blocks)), Content_Type="text/csv", Accept="text/csv"
    )
    assert (status, len(answer)) == (200, blocks * 400 * len("3.0,5.0,7.0\n"))
    assert answer == b"3.0,5.0,7.0\n" * (blocks * 400)
    for process, had in before.items():
        assert most_memory(process) - had < blocks * len(block), process.cmdline()
    service.wait_for("the log", lambda: len(service.requests()) == 2)
    assert service.requests()[-1]["bytes_in"] == blocks * len(block)
    assert not [
        path for path in service.runtime.rglob("*") if path.is_file() and path.stat().st_size > 8 << 20
    ]
    assert service.stop() == 0


def test_a_line_at_fault_is_told_to_who_sends_on(service):
    """All of it is taken, so that a client that reads its answer only then gets the reason."""
    block = ROW.encode() * 400
    blocks = [block, b"1,2,x\n", *[block] * 50]
    status, answer = chunked(service, iter(blocks), Content_Type="text/csv")
    assert (status, b"line 401, column 3" in answer) == (400, True)
    status, answer = chunked(
        service, iter([b"[1,2,3]\n[4,", b"5,6]\r\n\r\n", b"[7,8,9]"]), Content_Type="application/jsonlines"
    )
    assert (status, answer.splitlines()) == (
        200,
        [
            b'{"predictions":[[2.0,4.0,6.0]]}',
            b'{"predictions":[[8.0,10.0,12.0]]}',
            b'{"predictions":[[14.0,16.0,18.0]]}',
        ],
    )
    assert service.get("/execution-parameters").json()["BatchStrategy"] == "MULTI_RECORD"
    assert service.stop() == 0


def test_there_are_no_execution_parameters_while_it_loads(serve, tmp_path):
    from tests import handmade

    handmade.compiled(tmp_path / "models" / "m" / "1")
    started = serve(
        MODEL_URI=tmp_path / "models", SERVE_SIMULATE="inf1.xlarge", SERVE_SIMULATE_LOAD_SECONDS="600"
    )
    started.wait_logged("SIMULATED")
    answered = started.wait_for("the gateway", lambda: _tried(started))
    assert (answered.status, answered.json()["state"]) == (503, "starting")
    assert started.stop() == 0


def _tried(started):
    """What the gateway answers, once it does."""
    try:
        answer = started.get("/execution-parameters")
    except OSError:
        return None
    return answer if b'"step"' in answer.body else None
