"""Clients that do not behave: slow ones, ones that go away, and more at once than are admitted."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time

from benchmark.load import Client
from chaos.asking import Question, ask
from chaos.forms import FORMS, rows_of, wire
from chaos.scene import Harm, Scene
from chaos.schedule import Step

_SLOW, _SLOW_SECONDS, _DRIP_SECONDS = 128, 14.0, 2.0
_ABORTS = 20  # of each kind
_BURST = 2.0  # times as many as are admitted
_ROUNDS = 3
_BURST_CLIENT = 1000  # numbers of clients from here on: rows that no steady client sends


def slow_bodies(scene: Scene, _step: Step) -> Harm:
    """A byte every two seconds, on so many connections; all others are to be answered meanwhile."""
    return asyncio.run(_slow_bodies(scene))


async def _slow_bodies(scene: Scene) -> Harm:
    head = (
        f"POST {scene.targets[0].path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n"
    ).encode()
    end = time.monotonic() + _SLOW_SECONDS

    async def drip() -> None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            writer.write(head)
            while time.monotonic() < end and not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(_DRIP_SECONDS)
            writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(drip() for _ in range(_SLOW)))
    return Harm((f"{_SLOW} connections",))


def aborts(scene: Scene, step: Step) -> Harm:
    """Gone before the request is whole, in the middle of its body, and before its answer."""
    draw = random.Random(step.seed)  # noqa: S311  to be repeated
    for number in range(_ABORTS):
        whole = wire(FORMS[number % len(FORMS)], scene.targets[0], rows_of(_BURST_CLIENT, step.seed + number))
        blank = whole.index(b"\r\n\r\n") + 4
        for sent in (b"", whole[: blank // 2], whole[: (blank + len(whole)) // 2], whole):
            _send_and_go(scene.port, sent, reset=draw.random() < 0.5)
    return Harm((f"{4 * _ABORTS} connections",))


def _send_and_go(port: int, data: bytes, *, reset: bool) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        if reset:  # RST instead of FIN
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(data)


def burst(scene: Scene, step: Step) -> Harm:
    """Requests above what is admitted, all at the same moment; each answer is judged as any other."""
    asyncio.run(_burst(scene, step.seed))
    return Harm((f"{_ROUNDS} x {int(_BURST * scene.in_flight)} requests",))


async def _burst(scene: Scene, seed: int) -> None:
    count = int(_BURST * scene.in_flight)
    for round_ in range(_ROUNDS):

        async def one(number: int, turn: int) -> None:
            client = Client(scene.port)
            form, target = FORMS[number % len(FORMS)], scene.targets[number % len(scene.targets)]
            question = Question(form, target, rows_of(_BURST_CLIENT + number, turn))
            scene.ledger.add(await ask(client, question, scene.patience), steady=False)
            client.close()

        await asyncio.gather(*(one(number, seed + round_) for number in range(count)))
