"""What a client is told when the model's own code raises."""

from __future__ import annotations

import http
import sys
import types
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Response
from werkzeug import exceptions as werkzeug

from neuronserve.gateway.handlers import raised
from neuronserve.gateway.handlers.raised import FAILED, Raised

URI = "http://localhost:8501/v1/models/m:predict"


def answer(error: BaseException) -> Raised:
    return raised.answer(error, Path("/artifact/code"), URI)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("unsupported content type x"), "unsupported content type x"),
        (KeyError("word"), "'word'"),
        (
            ValueError('{"error": "unsupported content type x"}'),
            "unsupported content type x",
        ),  # AWS's samples
        (ValueError('{"error": 7}'), '{"error": 7}'),
        (ValueError("{not JSON"), "{not JSON"),
        (ValueError('{"why": "it"}'), '{"why": "it"}'),
        (RuntimeError(), ""),
        (FileNotFoundError(2, "No such file", "/x"), "[Errno 2] No such file: '/x'"),
        (SystemExit(404), ""),
        (KeyboardInterrupt("stop"), ""),
    ],
)
def test_an_exception_without_a_status_is_a_500_with_its_message(error: BaseException, text: str) -> None:
    """AWS's container: ``res.status = HTTP_500; res.body = {"error": str(e)}``."""
    assert answer(error) == Raised(FAILED, text)


def test_a_message_of_any_length_is_cut() -> None:
    assert len(answer(ValueError("x" * 10_000)).text) == 2000


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (werkzeug.BadRequest("three numbers are needed"), 400, "three numbers are needed"),
        (werkzeug.UnprocessableEntity("too long"), 422, "too long"),
        (werkzeug.ServiceUnavailable("busy"), 503, "busy"),
        (werkzeug.HTTPException(response=Response("all of it", 409)), 409, "all of it"),
    ],
)
def test_an_exception_of_werkzeugs_keeps_its_status(error: Exception, status: int, text: str) -> None:
    assert answer(error) == Raised(status, text, meant=True)


class _Framework:
    """A module of a web framework that is not installed here, with an exception as its own has it."""

    def __init__(self, name: str) -> None:
        self.error = type("HTTPError", (Exception,), {"__module__": f"{name}.http_error"})

    def make(self, **attributes: Any) -> Exception:
        made: Exception = self.error()
        vars(made).update(attributes)
        return made


FALCON, STARLETTE = _Framework("falcon"), _Framework("starlette")


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        # falcon 3.1, as in AWS's image: a status line; `code` is the application's own number
        (
            FALCON.make(status="400 Bad Request", title="400 Bad Request", description="why", code=7),
            400,
            "why",
        ),
        (FALCON.make(status="413 Too Large", title="Too large", description="6 MB"), 413, "Too large: 6 MB"),
        (
            FALCON.make(status=429, title="429 Too Many Requests", description=None, code=None),
            429,
            "Too Many Requests",
        ),
        (FALCON.make(status=http.HTTPStatus.CONFLICT, title=None, description="again"), 409, "again"),
        (STARLETTE.make(status_code=404, detail="no such word"), 404, "no such word"),
    ],
)
def test_an_exception_of_another_framework_keeps_its_status(error: Exception, status: int, text: str) -> None:
    assert answer(error) == Raised(status, text, meant=True)


@pytest.mark.parametrize("status", ["200 OK", 302, 999, True, None, "soon"])
def test_what_is_no_errors_status_is_a_500(status: Any) -> None:
    assert answer(FALCON.make(status=status, title="", description="")).status == FAILED


@pytest.fixture
def own() -> Iterator[types.ModuleType]:
    module = types.ModuleType("inference")
    module.__file__ = "/artifact/code/inference.py"
    sys.modules["inference"] = module
    yield module
    del sys.modules["inference"]


def test_an_exception_that_the_script_defines_itself_keeps_its_status(own: types.ModuleType) -> None:
    kind = type("TooLong", (Exception,), {"__module__": "inference", "status_code": 413})
    assert answer(kind("it is too long")) == Raised(413, "it is too long", meant=True)
    coded = type("Odd", (Exception,), {"__module__": "inference", "code": 413})
    assert answer(coded("its own number")) == Raised(FAILED, "its own number")


def response(url: str, status: int, body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made._content = status, url, body
    return made


def test_what_the_model_server_refused_keeps_its_status() -> None:
    error = requests.HTTPError("400", response=response(URI, 400, b'{"error": "no tensor x"}'))
    assert answer(error) == Raised(400, "no tensor x", meant=True)
    plain = requests.HTTPError("404", response=response(URI, 404, b"Not Found"))
    assert answer(plain) == Raised(404, "Not Found", meant=True)


@pytest.mark.parametrize(
    "error",
    [
        requests.HTTPError("401 from a store", response=response("https://features.example/x", 401, b"{}")),
        requests.HTTPError("no response"),
        urllib.error.HTTPError("https://features.example", 403, "Forbidden", {}, None),  # type: ignore[arg-type]
    ],
)
def test_another_servers_status_is_not_that_of_our_answer(error: Exception) -> None:
    assert answer(error).status == FAILED


NOT_LOADED = '{"error": "Servable not found for request: Latest(m)"}'  # core/basic_manager.cc


def test_a_model_server_that_is_still_loading_is_not_ready() -> None:
    response = requests.Response()
    response.status_code, response.url, response._content = 404, URI, NOT_LOADED.encode()
    for error in (requests.HTTPError(response=response), ValueError(NOT_LOADED)):  # as AWS's samples raise it
        assert answer(error).status == 503
