"""What a client is told when the model's own code raises: a status, and the exception's message.

As in AWS's container: any exception is a 500 with its message, and one that carries an HTTP status keeps it.
Their newest container answers ``falcon.HTTPError`` so; here also the exceptions that other web frameworks
raise to answer with, and those that the script defines itself. An exception of an HTTP *client* carries the
status of another server's answer, which is no answer of ours, unless that server is the model server.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson

from neuronserve.modelserver.status import is_not_loaded

FAILED = 500
NOT_READY = 503  # the model is one that is served: a server without it is still starting
_LONGEST = 2000  # characters of a message
_STATUS_LINE = re.compile(r"\d{3}\b")
_NAMES = ("status_code", "status")
# the attributes that hold the status, of each framework; falcon's `code` is the application's own number
_FRAMEWORKS = {
    "falcon": _NAMES,
    "werkzeug": ("code",),
    "starlette": _NAMES,
    "fastapi": _NAMES,
    "tornado": _NAMES,
    "bottle": _NAMES,
    "sanic": _NAMES,
}
_MESSAGES = ("description", "detail", "message")


@dataclasses.dataclass(frozen=True, slots=True)
class Raised:
    """``text``: "" where the exception has no message. ``meant``: it carries its status."""

    status: int
    text: str
    meant: bool = False


def answer(error: BaseException, code: Path, rest_uri: str) -> Raised:
    """``code``: the folder of the model's code; ``rest_uri``: the model server's address of the model."""
    if not isinstance(error, Exception):  # sys.exit() and the like: no message to anybody
        return Raised(FAILED, "")
    refusal = _model_servers(error, rest_uri)
    if refusal is not None:
        return refusal
    for name in _attributes(error, code):
        status = _status(getattr(error, name, None))
        if status is not None:
            return Raised(status, _cut(_message(error, status)), meant=True)
    response = getattr(error, "response", None)
    if _framework(type(error)) == "werkzeug" and response is not None:  # flask.abort(Response(...))
        status = _status(getattr(response, "status_code", None))
        if status is not None:
            return Raised(status, _cut(response.get_data(as_text=True)), meant=True)
    text = _cut(str(error))
    return Raised(NOT_READY if is_not_loaded(text) else FAILED, text)


def _model_servers(error: Exception, rest_uri: str) -> Raised | None:
    """``response.raise_for_status()`` of what the model server answered."""
    response = getattr(error, "response", None)
    host = "/".join(rest_uri.split("/")[:3])
    url = str(getattr(response, "url", None) or "")
    status = _status(getattr(response, "status_code", None))
    if status is None or not host or not url.startswith(f"{host}/"):
        return None
    text = _cut(str(getattr(response, "text", "")))
    return Raised(NOT_READY if is_not_loaded(text) else status, text, meant=True)


def _attributes(error: Exception, code: Path) -> tuple[str, ...]:
    """The names of the attributes that hold an HTTP status to answer with, if any do."""
    framework = _framework(type(error))
    if framework:
        return _FRAMEWORKS[framework]
    module = sys.modules.get(type(error).__module__)
    file = getattr(module, "__file__", None)
    own = isinstance(file, str) and Path(file).is_relative_to(code)
    return _NAMES if own else ()


def _framework(kind: type) -> str:
    tops = (base.__module__.partition(".")[0] for base in kind.__mro__)
    return next((top for top in tops if top in _FRAMEWORKS), "")


def _status(value: Any) -> int | None:
    """``400``, ``HTTPStatus.BAD_REQUEST``, ``"400 Bad Request"``; None for what is no error's."""
    if isinstance(value, str) and _STATUS_LINE.match(value):
        value = int(value[:3])
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return int(value)
    return None


def _cut(text: str) -> str:
    """Of an error in TensorFlow Serving's form, as AWS's samples raise it, what it says."""
    if text.lstrip().startswith("{"):
        try:
            said = orjson.loads(text)["error"]
        except (ValueError, KeyError):
            said = None
        text = said if isinstance(said, str) else text
    return text.strip()[:_LONGEST]


def _message(error: Exception, status: int) -> str:
    """The title of falcon's, where it says more than the status, and the description."""
    text = ": ".join(_parts(error))
    if text or not _framework(type(error)):
        return text or str(error)
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _parts(error: Exception) -> Iterator[str]:
    title = getattr(error, "title", None)
    if isinstance(title, str) and title and not _STATUS_LINE.match(title):
        yield title
    for name in _MESSAGES:
        text = getattr(error, name, None)
        if text:
            yield str(text)
            return
