"""Batch transform: each record of a body is answered with one line, however the body comes."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import numpy as np
import pytest

from tests.wire.conftest import Signature
from tests.wire.gateway.test_compiled import B, compiled, exactly, x_of

BATCH = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}
STATIC = {"serving_default": Signature({"x": ("float32", (B, 2))}, {"y": ("float32", (B, 2))})}


class Chunks:
    """What a WSGI server reads chunks from: nobody knows how many bytes there are."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)
        self.left = 0

    def read(self, size: int) -> bytes:
        if not self._chunks:
            return b""
        chunk = self._chunks.pop(0)
        assert len(chunk) <= size
        return chunk


def sent(
    gateway: Any, *chunks: bytes, accept: str = "", content_type: str = "text/csv"
) -> tuple[int, dict, bytes]:
    """Status, headers and body of the answer to a chunked request."""
    told: list[Any] = []
    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_TYPE": content_type,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": Chunks(*chunks),
        **({"HTTP_ACCEPT": accept} if accept else {}),
    }
    answer = gateway.app.wsgi_app(
        given, lambda status, headers: told.extend((int(status[:3]), dict(headers)))
    )
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return told[0], told[1], body


@pytest.fixture
def batch(gateway):
    return gateway(environ=BATCH)


@pytest.fixture
def static(gateway, scripted):
    servers = scripted(STATIC, exactly(B)), scripted(STATIC, exactly(B))
    return gateway(*servers, models=compiled(), environ=BATCH)


def lines_of(n: int) -> bytes:
    return b"".join(b'{"predictions":[[%.1f,%.1f]]}\n' % (2 * a, 2 * b) for a, b in x_of(n).tolist())


def csv_of(n: int) -> bytes:
    return b"".join(b"%.1f,%.1f\n" % (a, b) for a, b in x_of(n).tolist())


@pytest.mark.parametrize("n", [1, 3, B, 10 * B + 3])
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_each_row_of_csv_in_chunks_has_its_line(static, n: int, chunk: int) -> None:
    body = csv_of(n)
    chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    status, headers, answer = sent(static, *chunks, accept="application/jsonlines")
    assert (status, answer) == (200, lines_of(n))
    assert (headers["Content-Type"], int(headers["Content-Length"])) == ("application/jsonlines", len(answer))
    status, headers, answer = sent(static, *chunks, accept="text/csv")
    assert (status, answer, headers["Content-Type"]) == (200, csv_of_doubled(n), "text/csv")


def csv_of_doubled(n: int) -> bytes:
    return b"".join(b"%.1f,%.1f\n" % (2 * a, 2 * b) for a, b in x_of(n).tolist())


@pytest.mark.parametrize("accept", ["application/jsonlines", "*/*", ""])
@pytest.mark.parametrize("content_type", ["application/jsonlines", "application/json"])
def test_json_lines_have_a_line_each_also_without_accept(static, accept: str, content_type: str) -> None:
    body = b"".join(b"[%d,%d]\n" % (a, b) for a, b in x_of(7).tolist())
    answer = static.post(body, content_type, **({"Accept": accept} if accept else {}))
    assert (answer.status_code, answer.data) == (200, lines_of(7))
    assert answer.content_type == "application/jsonlines"


def test_a_line_may_be_a_whole_request(static) -> None:
    body = b'{"instances":[[0,1],[2,3]]}\n{"inputs":[[4,5]]}\n[6,7]\n'
    assert [json.loads(line) for line in static.post(body, "application/jsonlines").text.splitlines()] == [
        {"predictions": [[0.0, 2.0], [4.0, 6.0]]},
        {"outputs": [[8.0, 10.0]]},
        {"predictions": [[12.0, 14.0]]},
    ]


def test_json_over_several_lines_is_one_request(static) -> None:
    answer = static.post(json.dumps({"instances": x_of(3).tolist()}, indent=1))
    assert (answer.content_type, answer.json) == ("application/json", {"predictions": (x_of(3) * 2).tolist()})


def test_json_that_is_asked_for_is_one_answer_to_all(static) -> None:
    answer = static.post(csv_of(3), "text/csv", Accept="application/json")
    assert answer.json == {"predictions": (x_of(3) * 2).tolist()}


def test_with_a_single_record_the_answer_is_json_unless_lines_are_asked_for(gateway) -> None:
    single = gateway(environ={**BATCH, "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD"})
    answer = single.post(b"1,2\n", "text/csv")
    assert (answer.content_type, answer.text) == ("application/json", '{"predictions":[[2.0,4.0]]}')
    assert (
        single.post(b"1,2\n", "text/csv", Accept="application/jsonlines").text
        == '{"predictions":[[2.0,4.0]]}\n'
    )


def test_outside_of_batch_transform_lines_are_answered_on_one_line(gateway) -> None:
    answer = gateway().post(b"[1,2]\n[3,4]\n", "application/jsonlines", Accept="application/jsonlines")
    assert answer.text == '{"predictions":[[2.0,4.0],[6.0,8.0]]}'


def test_several_outputs_are_in_the_line_of_their_record(gateway, scripted) -> None:
    two = {
        "serving_default": Signature(
            {"x": ("float32", (-1, 2))}, {"a": ("float32", (-1, 2)), "b": ("string", (-1,))}
        )
    }
    predict = lambda arrays: {"a": arrays["x"], "b": np.array([b"n"] * len(arrays["x"]), object)}
    made = gateway(scripted(two, predict), environ=BATCH)
    answer = made.post(b"1,2\n3,4", "text/csv")
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {"predictions": [{"a": [1.0, 2.0], "b": "n"}]},
        {"predictions": [{"a": [3.0, 4.0], "b": "n"}]},
    ]


def test_classification_has_a_line_each(gateway, scripted) -> None:
    kinds = {"serving_default": Signature({"x": ("string", (-1,))}, {}, "tensorflow/serving/classify")}
    made = gateway(scripted(kinds), environ=BATCH)
    body = b'{"examples":[{"x":1}]}\n{"examples":[{"x":1},{"x":2}]}\n'
    answer = made.post(
        body, "application/jsonlines", X_Amzn_SageMaker_Custom_Attributes="tfs-method=classify"
    )
    counts = [len(json.loads(line)["results"]) for line in answer.text.splitlines()]
    assert (answer.status_code, counts) == (200, [1, 2])


def test_the_header_row_is_no_record(static) -> None:
    body = b"a,b\n" + csv_of(5)
    status, _, answer = sent(static, body, accept="text/csv", content_type="text/csv; header=present")
    assert (status, answer) == (200, csv_of_doubled(5))


def test_gzip_is_unpacked_before_it_is_cut(static) -> None:
    answer = static.post(gzip.compress(csv_of(9)), "text/csv", Content_Encoding="gzip")
    assert (answer.status_code, answer.data) == (200, lines_of(9))


@pytest.mark.parametrize("n", [5, 30_000])
def test_a_line_that_cannot_be_read_fails_the_whole_request(static, n: int) -> None:
    body = csv_of(n) + b"1,x\n" + csv_of(3)
    chunks = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    status, _, answer = sent(static, *chunks, accept="text/csv")
    told = json.loads(answer)
    assert (status, told["code"]) == (400, "input_mismatch")
    assert f"line {n + 1}, column 2" in told["error"]


@pytest.mark.parametrize("in_memory", [100, 100_000])
def test_a_body_that_is_read_in_many_pieces_is_counted_and_logged_as_one(
    static, monkeypatch, in_memory: int
) -> None:
    monkeypatch.setattr("neuronserve.gateway.transform._PIECE", 1000)
    monkeypatch.setattr("neuronserve.gateway.transform._IN_MEMORY", in_memory)
    body = csv_of(400)
    chunks = [body[at : at + 333] for at in range(0, len(body), 333)]
    status, headers, answer = sent(static, *chunks, accept="text/csv")
    assert (status, answer, int(headers["Content-Length"])) == (200, csv_of_doubled(400), len(answer))
    assert "X-Accel-Buffering" not in headers
    (line,) = static.log_lines()
    assert (line["bytes_in"], line["bytes_out"], line["batches"]) == (len(body), len(answer), 400 // B)
    assert (line["server"], line["padding"]) == ([0, 1], 0)
    assert "neuronserve_batch_rows_total" in static.get("/metrics").text


def test_other_types_in_chunks_are_held_whole(static) -> None:
    file = io.BytesIO()
    np.save(file, x_of(5))
    status, _, answer = sent(
        static, file.getvalue(), content_type="application/x-npy", accept="application/json"
    )
    assert (status, json.loads(answer)) == (200, {"predictions": (x_of(5) * 2).tolist()})


def test_a_body_that_no_memory_can_hold_is_told_so(static, monkeypatch) -> None:
    monkeypatch.setattr("neuronserve.machine.memory_available", lambda: 14_000)
    status, _, answer = sent(static, b"x" * 900, b"x" * 900, content_type="application/x-npy")
    told = json.loads(answer)
    assert (status, told["code"]) == (413, "body_too_large")
    assert "there is memory for one of 1000" in told["error"]


def test_a_body_that_is_longer_than_allowed_is_refused(gateway) -> None:
    made = gateway(environ={"SAGEMAKER_BATCH": "true", "SERVE_MAX_BODY_MB": "1"})
    status, _, answer = sent(made, *[b"1,2\n" * 65_536] * 5)
    assert (status, json.loads(answer)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("body", [b"", b"\n\n"])
@pytest.mark.parametrize("content_type", ["text/csv", "application/jsonlines"])
def test_an_empty_body_is_told_so(static, body: bytes, content_type: str) -> None:
    status, _, answer = sent(static, body, content_type=content_type)
    assert (status, json.loads(answer)["error"]) == (400, "the body is empty (send one record on each line)")


def test_what_the_model_refuses_names_the_lines(batch, scripted, gateway) -> None:
    import grpc

    server = scripted()
    made = gateway(server, environ=BATCH)
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, "not like this")
    answer = made.post(b"1,2\n3,4\n", "text/csv")
    assert (answer.status_code, answer.json["error"]) == (
        400,
        "lines 1-2: the model refused the request: not like this",
    )
