"""The request log: one JSON line per request, straight to standard output.

Lines are written with one ``write`` each, so that several workers never mix theirs.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterator

import orjson

from neuronserve.gateway.invocation import Invocation
from neuronserve.logs import json_line

_STDOUT = 1
_SHOWN = 200  # characters of a header
_WHOLE = select.PIPE_BUF  # bytes: a pipe may mix longer pieces of several writers
_CUT = 40  # characters of each text of a line that is longer


def _named(request: Invocation) -> Iterator[tuple[str, str]]:
    """What the endpoint's caller named, where it did."""
    if request.target_model:
        yield "target_model", request.target_model[:_SHOWN]
    if request.variant:
        yield "target_variant", request.variant[:_SHOWN]
    if request.container:
        yield "target_container", request.container[:_SHOWN]
    if request.session:
        yield "session_id", request.session[:_SHOWN]


def _write(line: bytes) -> None:
    """A reader of the log that went away, or cannot keep up, must not fail the request."""
    with contextlib.suppress(OSError):
        os.write(_STDOUT, line)


def _encoded(line: dict[str, object]) -> bytes:
    """JSON in one piece that a pipe does not break up, whatever a client put into it."""
    try:
        encoded = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # half a surrogate pair, say
        encoded = b"\xff"
    if not encoded.isascii():  # what some take for the end of a line, too
        encoded = f"{json_line(line)}\n".encode()
    if len(encoded) <= _WHOLE:
        return encoded
    cut = {name: value[:_CUT] if isinstance(value, str) else value for name, value in line.items()}
    return f"{json_line(cut)}\n".encode()


class Journal:
    def __init__(self, *, enabled: bool, write: Callable[[bytes], object] = _write) -> None:
        self._enabled = enabled
        self._write = write

    def note(
        self,
        request: Invocation,
        request_id: str,
        status: int,
        code: str,
        answer: tuple[str, int],
        seconds: float,
    ) -> None:
        """``answer``: content type and bytes; ``code``: the error's word, empty for none."""
        if not self._enabled:
            return
        line: dict[str, object] = {
            "type": "request",
            "time": round(time.time(), 3),
            "request_id": request_id,
            "status": status,
            "model": request.model or request.target[:_SHOWN],
            "version": request.version,
            "signature": request.signature,
            "content_type": (request.content_type or "")[:_SHOWN],
            "accept": (request.accept or "")[:_SHOWN],
            "answer_type": answer[0],
            "bytes_in": request.size,
            "bytes_out": answer[1],
            "seconds": round(seconds, 6),
            "decode_seconds": round(request.decode_seconds, 6),
            "model_seconds": round(request.model_seconds, 6),
            "encode_seconds": round(request.encode_seconds, 6),
        }
        if request.asked:
            servers = sorted(set(request.asked.values()))
            line["server"] = servers[0] if len(servers) == 1 else servers
        if request.split is not None:
            line["batches"] = len(request.split.parts)
            line["padding"] = request.split.padding
        elif request.batches:
            line["batches"] = request.batches
            line["padding"] = request.padding
        line.update(_named(request))
        self._line(line, code)

    def changed(
        self, action: str, model: str, request_id: str, *, status: int, code: str, seconds: float
    ) -> None:
        """A model was loaded or unloaded, or was not; ``action``: ``load`` or ``unload``."""
        if not self._enabled:
            return
        line: dict[str, object] = {
            "type": "request",
            "time": round(time.time(), 3),
            "request_id": request_id,
            "status": status,
            "action": action,
            "model": model,
            "seconds": round(seconds, 6),
        }
        self._line(line, code)

    def _line(self, line: dict[str, object], code: str) -> None:
        if code:
            line["code"] = code
        self._write(_encoded(line))
