"""The honest load, a process of its own: clients that each keep a connection and ask at an even pace.

    python -m chaos.clients '{"port": 8080, "clients": 8, "rate": 80, "patience": 61, "targets": [...]}'

One JSON line for each answer goes to standard output; the end of standard input ends it. It is asyncio in one
thread: a request costs it some 0.5 ms of CPU, so a few hundred a second are its limit, and what it was late
by itself is told as ``{"late": seconds, "at": moment}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import sys
import time
from typing import Any, TextIO

from benchmark.load import Client
from chaos.answers import RIGHT, Answer
from chaos.asking import Question, ask
from chaos.forms import FORMS, Target, rows_of

_PAUSE_SECONDS = 0.05  # after what was not right, as a polite client
_BEAT_SECONDS = 0.05
_LATE_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Plan:
    """``rate``: requests a second of all clients together; ``patience``: seconds for each answer."""

    port: int
    clients: int
    rate: float
    patience: float
    targets: tuple[Target, ...]

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        raw: dict[str, Any] = json.loads(text)
        return cls(**{**raw, "targets": tuple(Target(**one) for one in raw["targets"])})


async def run(plan: Plan, output: TextIO) -> None:
    """Until standard input ends."""
    end = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), end.set)
    work = [asyncio.create_task(_client(plan, number, output, end)) for number in range(plan.clients)]
    beat = asyncio.create_task(_beat(output))
    await end.wait()
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    await asyncio.gather(*work)
    beat.cancel()
    output.flush()


async def _client(plan: Plan, number: int, output: TextIO, end: asyncio.Event) -> None:
    client = Client(plan.port)
    each = plan.clients / plan.rate
    due = time.monotonic() + each * number / plan.clients
    for turn in itertools.count():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(end.wait(), max(0.0, due - time.monotonic()))
            break
        question = Question(
            FORMS[(number + turn) % len(FORMS)],
            plan.targets[(number + turn // len(FORMS)) % len(plan.targets)],
            rows_of(number, turn),
        )
        answer = await ask(client, question, plan.patience)
        output.write(json.dumps(dataclasses.astuple(answer)) + "\n")
        pause = 0.0 if answer.kind == RIGHT else _PAUSE_SECONDS
        due = max(due + each, time.monotonic() + pause)
    client.close()


async def _beat(output: TextIO) -> None:
    """Flush, and tell how late this loop is."""
    while True:
        due = time.monotonic() + _BEAT_SECONDS
        await asyncio.sleep(_BEAT_SECONDS)
        if (late := time.monotonic() - due) > _LATE_SECONDS:
            output.write(json.dumps({"late": late, "at": time.monotonic()}) + "\n")
        output.flush()


def heard(line: str) -> Answer | tuple[float, float]:
    """What a line of the output says: an answer, or from when until when the load was late."""
    said: Any = json.loads(line)
    return Answer(*said) if isinstance(said, list) else (said["at"] - said["late"], said["at"])


if __name__ == "__main__":
    try:
        asyncio.run(run(Plan.from_json(sys.argv[1]), sys.stdout))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(1)
