"""The supervisor's side of a multi-model endpoint, for tests of the gateway: a real socket, the real order.

It loads nothing: ``loaded`` are the names that model servers would have now. As the real one, it takes a
model out of the state, waits until no request holds it, and only then takes it away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuronserve import state as states
from neuronserve.gateway.multimodel.control import SOCKET
from neuronserve.modelserver.board import BoardReader
from neuronserve.reservedfile import ReservedFile
from neuronserve.state import Model, Server, State

Question = dict[str, str]
_DEADLINE_SECONDS = 20


class Supervisor:
    """Answers until ``close``. ``says``: an answer instead of doing what is asked; None: it does it."""

    def __init__(self, runtime: Path, servers: tuple[Server, ...]) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._loads = 0
        self.state = State("ready", servers=servers, kind="cpu", multi_model=True, generation=1)
        self.loaded: set[str] = set()
        self.asked: list[Question] = []
        self.says: Callable[[Question], bytes | None] = lambda _question: None
        self.publish()
        self._server = _Listening(str(runtime / SOCKET), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def publish(self, **changed: Any) -> None:
        self.state = dataclasses.replace(self.state, generation=self.state.generation + 1, **changed)
        states.write(ReservedFile(self._runtime / "state.json"), self.state)

    def answer(self, question: Question) -> bytes:
        self.asked.append(question)
        said = self.says(question)
        if said is not None:
            return said
        work = {"load": self._load, "unload": self._unload}[question["do"]]
        return json.dumps(work(question)).encode() + b"\n"

    def _load(self, question: Question) -> dict[str, Any]:
        name = question["name"]
        with self._lock:
            if name in self.loaded or name in self.state.by_name:
                return refusal("already_loaded", f"{name} is loaded")
            self._loads += 1
            taken = {model.slot for model in self.state.models}
            slot = next(number for number in range(4096) if number not in taken)
            self.loaded.add(name)
            model = Model(name, (1,), url=question["url"], slot=slot, loaded=self._loads)
            self.publish(models=(*self.state.models, model))
        return {"ok": True}

    def _unload(self, question: Question) -> dict[str, Any]:
        with self._lock:
            model = self.state.by_name.get(question["name"])
            if model is None:
                return refusal("unknown_target", f"no model {question['name']}")
            self.publish(models=tuple(m for m in self.state.models if m is not model))
            reader, end = BoardReader(self._runtime / "in-flight"), time.monotonic() + _DEADLINE_SECONDS
            while reader.held(model.slot) and time.monotonic() < end:
                time.sleep(0.001)
            self.loaded.discard(model.name)
        return {"ok": True}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        (self._runtime / SOCKET).unlink(missing_ok=True)


def refusal(code: str, text: str = "so it is", hint: str = "") -> dict[str, Any]:
    return {"ok": False, "code": code, "error": text, "hint": hint}


class _Listening(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        super().__init__(path, _Question)


class _Question(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Listening)
        answer = self.server.supervisor.answer(json.loads(self.rfile.readline()))
        with contextlib.suppress(OSError):  # who asked may have lost patience
            self.wfile.write(answer)
