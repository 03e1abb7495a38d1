"""What is injected, and in which order: rounds with each kind once, shuffled by a seed. Pure."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator, Sequence

NGINX_MASTER, NGINX_WORKER = "nginx-master", "nginx-worker"
GUNICORN_MASTER, GUNICORN_WORKER = "gunicorn-master", "gunicorn-worker"
MODEL_SERVER = "model-server"
PARTS = (NGINX_MASTER, NGINX_WORKER, GUNICORN_MASTER, GUNICORN_WORKER, MODEL_SERVER)
FRONTS = (NGINX_MASTER, NGINX_WORKER)  # whose death may reset connections of clients

KILL_GAP, FREEZE_GAP = 2.0, 5.0  # seconds without a right answer


@dataclasses.dataclass(frozen=True)
class Kind:
    """``action``: the function of the injection. ``part``: the process that it meets, where it is one.

    ``longest_gap``: seconds without a right answer that are allowed; None where an outage is the point.
    """

    name: str
    action: str
    part: str = ""
    longest_gap: float | None = None


@dataclasses.dataclass(frozen=True)
class Step:
    """One injection: ``pause`` seconds of quiet before it, and ``seed`` for what it chooses."""

    kind: Kind
    pause: float
    seed: int


KINDS = (
    *(Kind(f"kill-{part}", "kill", part, KILL_GAP) for part in PARTS),
    Kind("kill-several", "kill_several"),
    *(Kind(f"freeze-{part}", "freeze", part, FREEZE_GAP) for part in PARTS),
    Kind("freeze-several", "freeze_several"),
    *(Kind(f"pause-{part}", "pause", part, FREEZE_GAP) for part in PARTS),
    Kind("disk-full", "disk_full"),
    *(Kind(f"disk-full-{part}", "disk_full", part) for part in PARTS),
    Kind("slow-bodies", "slow_bodies", longest_gap=KILL_GAP),
    Kind("bombs", "bombs"),
    Kind("aborts", "aborts", longest_gap=KILL_GAP),
    Kind("burst", "burst", longest_gap=KILL_GAP),
)
MODELS = "models"  # not a step: loads and unloads go on all the time
NAMES = (*(kind.name for kind in KINDS), MODELS)


def chosen(words: Sequence[str]) -> tuple[str, ...]:
    """The names of kinds that ``words`` name, each in full or by its beginning (``kill``, ``disk-full``).

    All for no words. Raises ValueError naming a word that is no kind's.
    """
    for word in words:
        if not any(_names(word, name) for name in NAMES):
            raise ValueError(f"no kind is called {word!r}; there are {', '.join(NAMES)}")
    return tuple(name for name in NAMES if not words or any(_names(word, name) for word in words))


def _names(word: str, name: str) -> bool:
    return name == word or name.startswith(f"{word}-")


def steps(names: Sequence[str], seed: int) -> Iterator[Step]:
    """Without end; nothing where no name is a step's."""
    draw = random.Random(seed)  # noqa: S311  a schedule that can be repeated, no secret
    kinds = [kind for kind in KINDS if kind.name in names]
    for _ in itertools.count() if kinds else ():
        for kind in draw.sample(kinds, len(kinds)):
            yield Step(kind, round(draw.uniform(1.0, 3.0), 2), draw.getrandbits(32))
