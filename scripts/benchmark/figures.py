"""What is worked out of measurements, and what would be ideal. Pure; times in seconds."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Iterable, Sequence


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that ``percent`` of all values do not exceed; nan without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def fairness(work: Iterable[float]) -> float:
    """Largest share over smallest: 1 is fair, infinite where a core did nothing while others did."""
    shares = list(work)
    if not shares or max(shares) == 0:
        return math.nan
    return max(shares) / min(shares) if min(shares) else math.inf


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """When requests of a Poisson process come, ascending within ``[0, seconds)``; ``rate`` per second."""
    numbers = random.Random(seed)  # noqa: S311  a plan that comes out the same each time
    times = itertools.accumulate(numbers.expovariate(rate) for _ in itertools.count())
    return list(itertools.takewhile(lambda at: at < seconds, times))


def one_queue(plan: Sequence[float], service: Sequence[float]) -> list[float]:
    """Seconds in the system of each arrival when all wait in one line for the first free core.

    ``service``: the service time of each core. With equal ones this is M/D/c on this very plan, and no
    dispatcher that must choose a core at arrival can be better on average. Of several free cores the
    quickest serves.
    """
    free = [(0.0, seconds) for seconds in sorted(service)]
    taken = []
    for at in plan:
        idle = [(seconds, until) for until, seconds in free if until <= at]
        seconds, until = min(idle) if idle else min(free)[::-1]
        free.remove((until, seconds))
        end = max(at, until) + seconds
        heapq.heappush(free, (end, seconds))
        taken.append(end - at)
    return taken


def at_random(plan: Sequence[float], service: Sequence[float], seed: int) -> list[float]:
    """The same when each arrival waits for a core of its own, drawn by lot, as behind a plain balancer."""
    numbers = random.Random(seed)  # noqa: S311  a plan that comes out the same each time
    free = [0.0] * len(service)
    taken = []
    for at in plan:
        core = numbers.randrange(len(service))
        free[core] = max(at, free[core]) + service[core]
        taken.append(free[core] - at)
    return taken
