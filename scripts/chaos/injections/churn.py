"""Loads and unloads on a multi-model endpoint, all the time and beside the other injections.

There are more models than fit. Each call is compared with what it must be: a model that was loaded answers,
and with its own factor; one that was unloaded is 404; one that does not fit is 507. What a call that broke
has done is not known: the model is unloaded then, until that is answered.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import threading
import time

from benchmark.load import Client
from chaos.answers import FAILED, HUNG, REFUSED, RESET, RIGHT, Answer
from chaos.asking import Question, ask
from chaos.forms import FORMS, Target, rows_of
from chaos.scene import Scene
from chaos.world import GUESTS, folder_of, guest

_PAUSE_SECONDS = 0.4
_LOAD_SECONDS = 120.0  # until an answer to a load or unload counts as hung
_CLIENT = 5000  # its rows are no other client's
_UNKNOWN = 0  # no status: the connection broke


class Churn:
    """A thread from ``start`` to ``end``. ``counts``: calls by verb and status."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._draw = random.Random(seed)  # noqa: S311  to be repeated
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._try, daemon=True)
        self._loaded: dict[int, Target | None] = dict.fromkeys(range(GUESTS))
        self._unknown: set[int] = set()
        self._turn = 0
        self.counts: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Every guest is unloaded then."""
        self._over.set()
        self._thread.join()

    def _try(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as fault:  # noqa: BLE001  loads that ended must not look like loads that went well
            self.faults.append(f"loads and unloads ended by themselves: {fault!r}")

    async def _run(self) -> None:
        while not self._over.is_set():
            await self._one(self._draw.randrange(GUESTS))
            await asyncio.sleep(_PAUSE_SECONDS)
        end = time.monotonic() + _LOAD_SECONDS
        while (left := self._there()) and time.monotonic() < end:
            await self._unload(left[0])

    def _there(self) -> list[int]:
        return [number for number in range(GUESTS) if self._loaded[number] or number in self._unknown]

    async def _one(self, number: int) -> None:
        self._turn += 1
        if number in self._unknown:
            await self._unload(number)
        elif self._draw.random() < 0.4:
            await self._invoke(number)
        elif self._loaded[number] is None:
            await self._load(number)
        else:
            await self._unload(number)

    async def _load(self, number: int) -> None:
        target = guest(number, self._turn % 2)
        body = {"model_name": target.name, "url": str(folder_of(self._scene.place, target))}
        status = await self._call("load", "POST", "/models", target.name, json.dumps(body).encode())
        if status == 200:
            self._loaded[number] = target
            await self._invoke(number)
        elif status == _UNKNOWN:
            self._unknown.add(number)

    async def _unload(self, number: int) -> None:
        name = guest(number, 0).name
        status = await self._call("unload", "DELETE", f"/models/{name}", name)
        if status in (200, 404):
            if status == 404 and number not in self._unknown:
                self._wrong("unload", name, "404 for a model that was loaded")
            self._loaded[number] = None
            self._unknown.discard(number)
            await self._invoke(number)
        elif status == _UNKNOWN:
            self._unknown.add(number)

    async def _invoke(self, number: int) -> None:
        """One that is there answers, and only with its own factor; one that is not is 404."""
        target = self._loaded[number]
        asked = target or guest(number, 0)
        client = Client(self._scene.port)
        question = Question(FORMS[self._turn % len(FORMS)], asked, rows_of(_CLIENT, self._turn))
        answer = await ask(client, question, self._scene.patience)
        client.close()
        if target is not None or answer.kind not in (RIGHT, FAILED):
            self._scene.ledger.add(answer, steady=False)
        elif not answer.note.startswith("404 "):
            self._wrong("invoke", asked.name, f"{answer.kind} {answer.note} for a model that was unloaded")
        self.counts[f"invoke {answer.note[:3] if answer.kind == FAILED else answer.kind}"] += 1

    async def _call(self, verb: str, method: str, path: str, name: str, body: bytes = b"") -> int:
        """The status where it is one that may be; else it goes into the ledger, and nothing is known."""
        began = time.monotonic()
        client = Client(self._scene.port)
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            status, again, said = await asyncio.wait_for(client.ask(head.encode() + body), _LOAD_SECONDS)
        except TimeoutError:
            kind, note = HUNG, f"nothing in {_LOAD_SECONDS:g} s"
        except (OSError, EOFError) as error:
            kind, note = RESET, repr(error)
        else:
            self.counts[f"{verb} {status}"] += 1
            if status in (200, 507) or (verb == "unload" and status == 404):
                return status
            kind = REFUSED if status == 503 and again else FAILED
            note = f"{status} {said[:200].decode(errors='backslashreplace')}"
        finally:
            client.close()
        if kind in (HUNG, RESET):
            self.counts[f"{verb} {kind}"] += 1
        self._scene.ledger.add(Answer(began, time.monotonic(), kind, name, verb, note), steady=False)
        return _UNKNOWN

    def _wrong(self, verb: str, name: str, note: str) -> None:
        now = time.monotonic()
        self._scene.ledger.add(Answer(now, now, FAILED, name, verb, note), steady=False)


def load_now(scene: Scene, target: Target) -> None:
    """Before the run begins. Raises RuntimeError when it is not loaded."""
    body = json.dumps({"model_name": target.name, "url": str(folder_of(scene.place, target))}).encode()
    head = f"POST /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    async def call() -> tuple[int, bool, bytes]:
        client = Client(scene.port)
        answer = await asyncio.wait_for(client.ask(head + body), _LOAD_SECONDS)
        client.close()
        return answer

    status, _, said = asyncio.run(call())
    if status != 200:
        raise RuntimeError(f"{target.name} could not be loaded: {status} {said.decode(errors='replace')}")
