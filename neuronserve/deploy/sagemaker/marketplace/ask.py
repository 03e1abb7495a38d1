"""Runs inside the container, which has no network, with its Python: asks the service and tells as JSON.

    ask.py ready SECONDS
    ask.py post FILE CONTENT_TYPE ACCEPT SECONDS

Standard library only; it is mounted, and is no part of the image.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import Any

ADDRESS = ("127.0.0.1", 8080)
PING_SECONDS = 2.0  # what the platform gives each try of GET /ping
_TELL = 2000  # bytes of an answer that are told
_BLOCK = 1 << 20


def ready(seconds: float) -> dict[str, Any]:
    """Ask /ping until it is 200; what it said last."""
    began = time.monotonic()
    told: dict[str, Any] = {"status": 0, "body": ""}
    while told["status"] != 200 and time.monotonic() - began < seconds:
        if told["status"] or told["body"]:
            time.sleep(0.3)
        told = answered("GET", "/ping", None, {}, PING_SECONDS)
    return {**told, "waited": time.monotonic() - began}


def post(file: str, content_type: str, accept: str, seconds: float) -> dict[str, Any]:
    with open(file, "rb") as stream:  # noqa: PTH123  nothing is imported that need not be
        data = stream.read()
    headers = {"Content-Type": content_type, **({"Accept": accept} if accept else {})}
    return answered("POST", "/invocations", data, headers, seconds)


def answered(
    method: str, path: str, data: bytes | None, headers: dict[str, str], seconds: float
) -> dict[str, Any]:
    """``connect`` and ``seconds``: how long each took; ``status`` 0 and ``body``: why there is no answer."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*ADDRESS, timeout=seconds)
    try:
        connection.connect()
        connected = time.monotonic() - began
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        head, size = b"", 0
        while block := answer.read(_BLOCK):
            head, size = head or block[:_TELL], size + len(block)
        return {
            "status": answer.status,
            "type": answer.headers.get("Content-Type", ""),
            "connect": connected,
            "seconds": time.monotonic() - began,
            "bytes": size,
            "body": head[:_TELL].decode(errors="replace"),
        }
    except (OSError, http.client.HTTPException) as error:
        why = f"{type(error).__name__}: {error}"
        return {"status": 0, "seconds": time.monotonic() - began, "bytes": 0, "body": why}
    finally:
        connection.close()


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "ready":
        print(json.dumps(ready(float(words[0]))))
    else:
        print(json.dumps(post(words[0], words[1], words[2], float(words[3]))))
