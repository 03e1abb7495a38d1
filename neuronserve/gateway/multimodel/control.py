"""Asking the supervisor to load or unload a model: one line of JSON to its socket, one line back.

::

    {"do": "load", "name": N, "url": U}      -> {"ok": true}
    {"do": "unload", "name": N}              -> {"ok": false, "code": C, "error": TEXT, "hint": TEXT}

``C`` is the code word of a class in ``errors.py``; the answer may take minutes.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve import errors
from neuronserve.errors import LoadFailed, NeuronserveError, NotReady

SOCKET = "models.sock"  # below the runtime folder
_CONNECT_SECONDS = 5.0
_LONGEST_ANSWER = 64 * 1024
_UNKNOWN = "the model could not be loaded or unloaded; the service's log has the reason"
_TOLD = (
    errors.ArtifactError,
    errors.NeuronError,
    errors.RequestError,
    errors.ServingError,
    errors.ModelServerError,
)
_CLASSES = {
    one.code: one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, _TOLD)
}

_log = logging.getLogger("neuronserve.gateway")


class Control:
    """Safe to share between threads: a connection for each question."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        self._path = path
        self._patience = patience_seconds

    def load(self, name: str, url: str) -> None:
        """Returns when every server that got the model answers for it. Raises what the supervisor says."""
        self._ask({"do": "load", "name": name, "url": url})

    def unload(self, name: str) -> None:
        """Returns when its calls have ended and its memory is free."""
        self._ask({"do": "unload", "name": name})

    def _ask(self, question: Mapping[str, str]) -> None:
        try:
            line = self._answer(json.dumps(question).encode() + b"\n")
        except TimeoutError as error:
            raise NotReady(
                f"the {question['do']} of model {question['name']} is not done after {self._patience:g} s "
                "and goes on",
                hint="GET /models tells when it is",
            ) from error
        except OSError as error:
            raise NotReady(
                "models cannot be loaded or unloaded now", hint="try again", detail=f"{SOCKET}: {error}"
            ) from error
        _understood(line)

    def _answer(self, question: bytes) -> bytes:
        """The line that comes back; without an end, where the supervisor ended first."""
        end = time.monotonic() + self._patience
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.settimeout(min(_CONNECT_SECONDS, self._patience))
            try:
                asked.connect(str(self._path))
                asked.sendall(question)
            except TimeoutError as error:
                raise ConnectionError("it does not take questions") from error
            said = bytearray()
            while not said.endswith(b"\n") and len(said) < _LONGEST_ANSWER:
                asked.settimeout(max(0.001, end - time.monotonic()))
                part = asked.recv(_LONGEST_ANSWER)
                if not part:
                    raise ConnectionError("it ended before it answered")
                said += part
        return bytes(said)


def _understood(line: bytes) -> None:
    """Raises the error that the answer tells of."""
    try:
        answer: Any = json.loads(line)
        if answer["ok"] is True:
            return
        code, text, hint = (str(answer.get(key, "")) for key in ("code", "error", "hint"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadFailed(_UNKNOWN, detail=repr(line[:500])) from error
    raise _told(code, text, hint)


def _told(code: str, text: str, hint: str) -> NeuronserveError:
    known = _CLASSES.get(code)
    if known is None:  # not a text that was written for clients
        return LoadFailed(_UNKNOWN, detail=f"{code}: {text}")
    return known(text or "no reason given", hint=hint)
