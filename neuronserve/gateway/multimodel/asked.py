"""What ``POST /models`` asks for: ``{"model_name": NAME, "url": FOLDER}``."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson

from neuronserve.errors import BodyTooLarge, MalformedBody, RequestError
from neuronserve.gateway.multimodel import names

LONGEST_BODY = 64 * 1024  # bytes
_LONGEST_URL = 4096  # characters; Linux takes no longer path


@dataclasses.dataclass(frozen=True)
class Load:
    """``url``: a folder, as the caller wrote it; the supervisor judges it."""

    name: str
    url: str


def load(body: bytes) -> Load:
    """Raises RequestError. Keys that are not known pass: the platform may come to send more."""
    if len(body) > LONGEST_BODY:
        raise BodyTooLarge(f"the body is larger than {LONGEST_BODY} bytes")
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"the body is not JSON: {error}", hint=_FORM) from error
    if not isinstance(found, dict):
        raise MalformedBody("the body is not a JSON object", hint=_FORM)
    for key in ("model_name", "url"):
        if key not in found:
            raise RequestError(f"the body has no {key}", hint=_FORM)
    return Load(names.checked(found["model_name"]), _url(found["url"]))


def _url(url: object) -> str:
    if not isinstance(url, str) or not url:
        raise RequestError("url is not the name of a folder", hint=_FORM)
    if len(url) > _LONGEST_URL:
        raise RequestError(f"url has {len(url)} characters; at most {_LONGEST_URL} are taken")
    if not url.isprintable():
        raise RequestError("url has characters that cannot be printed")
    return url


_FORM = 'send {"model_name": "NAME", "url": "/opt/ml/models/NAME/model"}'
