"""Long answers in JSON lines go out in pieces, as soon as their parts are answered."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from tests.wire.conftest import Signature
from tests.wire.gateway.test_compiled import B, compiled, exactly, npy, x_of

LONG = 10
LINES = {"CONTENT_TYPE": "application/json", "HTTP_ACCEPT": "application/jsonlines"}
ONE = {"serving_default": Signature({"x": ("float32", (B, 2))}, {"y": ("float32", (B, 2))})}
TWO = {
    "serving_default": Signature(
        {"x": ("float32", (B, 2))}, {"y": ("float32", (B, 2)), "label": ("string", (B,))}
    )
}


def labelled(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    y = arrays["x"] * 2
    return {"y": y, "label": np.array([b"n%d" % row[0] for row in y], object)}


@contextlib.contextmanager
def asked(gateway: Any, body: bytes, **environ: str) -> Iterator[tuple[str, dict[str, str], Any]]:
    """The status, the headers and the WSGI answer to one request; the answer is closed in the end."""
    import io

    told: list[Any] = []
    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_X_REQUEST_ID": "r1",
        **LINES,
        **environ,
    }
    answer = gateway.app.wsgi_app(given, lambda status, headers: told.extend((status, dict(headers))))
    try:
        yield told[0], told[1], answer
    finally:
        if hasattr(answer, "close"):
            answer.close()


def instances(n: int) -> bytes:
    return json.dumps({"instances": x_of(n).tolist()}).encode()


@pytest.mark.parametrize("n", [B + 1, 2 * B, 10 * B + 3])
@pytest.mark.parametrize(("signatures", "predict"), [(ONE, exactly(B)), (TWO, labelled)])
def test_the_pieces_are_the_bytes_of_the_whole_answer(gateway, scripted, n, signatures, predict) -> None:
    made = gateway(scripted(signatures, predict), scripted(signatures, predict), models=compiled())
    whole = made.post(instances(n)).data
    with asked(made, instances(n)) as (status, headers, answer):
        pieces = list(answer)
    assert (status, b"".join(pieces)) == ("200 OK", whole)
    assert len(pieces) > 1
    assert (headers["X-Accel-Buffering"], headers["Content-Type"]) == ("no", "application/jsonlines")
    assert "Content-Length" not in headers
    assert "tfs-model-name=m" in headers["X-Amzn-SageMaker-Custom-Attributes"]


def test_numpy_files_are_streamed_by_rows_too(gateway, scripted) -> None:
    made = gateway(scripted(ONE, exactly(B)), models=compiled())
    body = npy(x_of(3 * B))
    whole = made.post(body, "application/x-npy").data
    with asked(made, body, CONTENT_TYPE="application/x-npy") as (_, headers, answer):
        assert b"".join(answer) == whole
    assert "Content-Length" not in headers


@pytest.mark.parametrize("n", [1, B])
def test_an_answer_of_one_part_has_its_length(gateway, scripted, n: int) -> None:
    made = gateway(scripted(ONE, exactly(B)), models=compiled())
    with asked(made, instances(n)) as (_, headers, answer):
        assert int(headers["Content-Length"]) == len(b"".join(answer))


def test_columns_are_not_streamed(gateway, scripted) -> None:
    made = gateway(scripted(ONE, exactly(B)), models=compiled())
    body = json.dumps({"inputs": x_of(3 * B).tolist()}).encode()
    with asked(made, body) as (_, headers, answer):
        assert json.loads(b"".join(answer)) == {"outputs": (x_of(3 * B) * 2).tolist()}
    assert "Content-Length" in headers


def test_the_first_piece_is_there_while_the_model_works_on_the_rest(gateway, scripted) -> None:
    go = threading.Event()

    def waits(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if arrays["x"][0, 0] > 0:
            assert go.wait(LONG)
        return exactly(B)(arrays)

    made = gateway(scripted(ONE, waits), models=compiled())
    with asked(made, instances(3 * B)) as (status, _, answer):
        first = next(iter(answer))
        assert (status, first.startswith(b'{"predictions":[[0.0,2.0]')) == ("200 OK", True)
        assert made.app.board.in_flight(0) > 0
        go.set()
        rest = b"".join(answer)
    assert json.loads(first + rest) == {"predictions": (x_of(3 * B) * 2).tolist()}
    assert made.app.board.in_flight(0) == 0
    (line,) = made.log_lines()
    assert (line["status"], line["bytes_out"], line["batches"]) == (200, len(first + rest), 3)
    assert "code" not in line


def test_a_fault_before_the_first_piece_is_an_ordinary_error(gateway, scripted) -> None:
    server = scripted(ONE, exactly(B))
    made = gateway(server, models=compiled())
    server.fail = (grpc.StatusCode.INTERNAL, "out of luck")
    with asked(made, instances(3 * B)) as (status, headers, answer):
        told = json.loads(b"".join(answer))
    assert (status[:3], told["code"]) == ("500", "model_failed")
    assert int(headers["Content-Length"]) > 0


def test_a_fault_after_the_first_piece_cuts_the_connection_and_is_logged(gateway, scripted, caplog) -> None:
    def breaks(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if arrays["x"][0, 0] > 0:
            sent.wait(LONG)
            raise RuntimeError("out of luck")
        return exactly(B)(arrays)

    sent = threading.Event()
    made = gateway(scripted(ONE, breaks), models=compiled())
    with asked(made, instances(3 * B)) as (status, _, answer):
        first = next(answer)
        sent.set()
        with pytest.raises(BrokenPipeError):
            list(answer)
    assert status == "200 OK"
    (line,) = made.log_lines()
    assert (line["status"], line["code"], line["bytes_out"]) == (500, "model_failed", len(first))
    assert "request r1: its answer was cut off after" in caplog.text
    assert made.app.board.in_flight(0) == 0
    assert 'neuronserve_requests_total{model="m",status="500"} 1.0' in made.get("/metrics").text


def test_who_leaves_in_the_middle_ends_the_calls(gateway, scripted) -> None:
    def waits(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if arrays["x"][0, 0] > 0:
            left.wait(LONG)
        return exactly(B)(arrays)

    left = threading.Event()
    server = scripted(ONE, waits)
    made = gateway(server, models=compiled())
    with asked(made, instances(50 * B)) as (_, _, answer):
        next(answer)
        answer.close()
    assert made.app.board.in_flight(0) == 0
    left.set()
    assert [line["status"] for line in made.log_lines()] == [499]
    assert len(server.requests) < 50


def test_the_deadline_holds_for_the_whole_answer(gateway, scripted) -> None:
    def waits(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if arrays["x"][0, 0] > 0:
            go.wait(LONG)
        return exactly(B)(arrays)

    go = threading.Event()
    made = gateway(scripted(ONE, waits), models=compiled(), environ={"SERVE_DEADLINE_SECONDS": "2"})
    with asked(made, instances(3 * B)) as (_, _, answer), pytest.raises(BrokenPipeError):
        list(answer)
    go.set()
    assert [(line["status"], line["code"]) for line in made.log_lines()] == [(504, "deadline_exceeded")]
