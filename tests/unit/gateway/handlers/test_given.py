from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.gateway.attributes import parse
from neuronserve.gateway.handlers.given import context, stream
from neuronserve.gateway.handlers.response import Response
from neuronserve.handlers import Context
from neuronserve.state import Model, Server

SERVER = Server(0, "unix:/s", rest_port=8501, grpc_port=9000)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_the_data_reads_as_any_file_does(body: bytes, size: int) -> None:
    assert stream(body).read() == body
    pieces = stream(body)
    assert b"".join(iter(lambda: pieces.read(size), b"")) == body
    assert stream(body).readlines() == list(stream(bytearray(body))) == io.BytesIO(body).readlines()
    one = stream(memoryview(body))
    one.read(size)
    assert one.tell() == min(size, len(body))
    one.seek(0)
    assert one.read() == body


def test_the_data_is_read_by_libraries() -> None:
    assert json.load(stream(b'{"a": 1}')) == {"a": 1}
    saved = io.BytesIO()
    np.save(saved, np.arange(3))
    assert np.load(stream(saved.getvalue())).tolist() == [0, 1, 2]


def test_the_context_has_the_request_and_the_chosen_server() -> None:
    header = "tfs-model-name=m,tfs-model-version=3,tfs-method=classify"
    model = Model("m", (3,), model_dir="/artifact")
    made = context(parse(header), model, SERVER, "channel", (header, "text/csv", "a/b"), 7, 59.5)
    assert made._asdict() == {
        "model_name": "m",
        "model_version": "3",
        "method": "classify",
        "rest_uri": "http://localhost:8501/v1/models/m/versions/3:classify",
        "grpc_port": "9000",
        "channel": "channel",
        "custom_attributes": header,
        "request_content_type": "text/csv",
        "accept_header": "a/b",
        "content_length": 7,
        "timeout": 59.5,
        "model_dir": "/artifact",
    }
    assert made._replace(method="predict").method == "predict"


def test_the_contexts_fields_begin_as_awss_do_in_its_order() -> None:
    """``tfs_utils.py`` of AWS's container for TensorFlow 2.20; older ones end with ``content_length``."""
    theirs = (
        "model_name, model_version, method, rest_uri, grpc_port, channel, "
        "custom_attributes, request_content_type, accept_header, content_length, timeout"
    )
    assert Context._fields[:11] == tuple(theirs.split(", "))
    model = Model("m", (1,), model_dir="/artifact")
    made = context(parse(None), model, SERVER, None, (None, None, None), 5, 59.5)
    assert (made[0], made[9], made[10]) == ("m", 5, 59.5)


def test_what_a_request_leaves_out_is_as_in_awss_container() -> None:
    made = context(parse(None), Model("m", (1,)), SERVER, None, (None, None, None), 0, 60.0)
    assert (made.model_version, made.custom_attributes) == (None, None)
    assert made.request_content_type == made.accept_header == "application/json"
    assert made.rest_uri == "http://localhost:8501/v1/models/m:predict"


def real(status: int, body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made._content = status, "http://x", body
    made._content_consumed = True  # type: ignore[attr-defined]  # as after any request that is not streamed
    made.headers["Content-Type"] = "application/json"
    made.encoding, made.reason = "utf-8", {200: "OK", 400: "Bad Request"}[status]
    return made


READINGS: dict[str, Callable[[requests.Response], object]] = {
    "content": lambda r: r.content,
    "text": lambda r: r.text,
    "json": lambda r: r.json(),
    "ok": lambda r: (r.ok, bool(r), r.status_code, r.reason, repr(r)),
    "headers": lambda r: (r.headers["content-type"], "CONTENT-TYPE" in r.headers, r.headers.get("nothing")),
    "lines": lambda r: (list(r.iter_lines()), b"".join(r.iter_content(5)), b"".join(r)),
    "url": lambda r: (r.url, r.encoding, r.history),
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("reading", READINGS)
def test_a_response_reads_as_that_of_requests(status: int, reading: str) -> None:
    body = b'{\n  "predictions": [1, "\xc3\xa9"]\n}'
    ours = Response(status, "http://x", lambda: body)
    read = READINGS[reading]
    assert read(ours) == read(real(status, body))  # type: ignore[arg-type]


def test_a_refusal_can_be_raised_as_requests_does() -> None:
    Response(200, "u", lambda: b"").raise_for_status()
    with pytest.raises(requests.HTTPError, match="400 Client Error: Bad Request for url: u") as caught:
        Response(400, "u", lambda: b'{"error": "why"}').raise_for_status()
    assert caught.value.response.json() == {"error": "why"}


def test_the_json_is_made_only_when_it_is_read() -> None:
    def never() -> bytes:
        raise AssertionError("made")

    assert Response(200, "u", never, lambda: {"y": np.ones(2)}).arrays["y"].tolist() == [1, 1]


def test_without_ports_the_context_has_the_channel_alone() -> None:
    made = context(parse(""), Model("m", (1,)), Server(0, "unix:/s"), "channel", (None, None, None), 0, 1.0)
    assert (made.rest_uri, made.grpc_port, made.channel) == ("", "", "channel")
