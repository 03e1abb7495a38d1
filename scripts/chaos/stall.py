"""How late the host itself is: a process that only sleeps, and tells when it was woken too late.

    python -m chaos.stall

A gap during which this process could not run either is the machine's, not the service's. Every two seconds it
also computes for a moment and tells by how much longer that took than the CPU time it got: on a host that
others keep busy everything takes that many times as long. JSON lines to standard output, until standard input
ends.
"""

from __future__ import annotations

import dataclasses
import json
import select
import sys
import time
from collections.abc import Sequence

_NAP_SECONDS = 0.01
_LATE_SECONDS = 0.05
_PROBE_SECONDS = 2.0
_BURN_SECONDS = 0.05  # of CPU: shorter ones, who sleep for long, get it at once on a busy host too


@dataclasses.dataclass
class Host:
    """What was told so far: ``stalls`` as (began, ended), ``slowness`` as (moment, factor)."""

    stalls: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    slowness: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    def hear(self, line: str) -> None:
        said = json.loads(line)
        if "late" in said:
            self.stalls.append((said["at"] - said["late"], said["at"]))
        else:
            self.slowness.append((said["at"], said["slow"]))

    def within(self, began: float, ended: float) -> float:
        """Seconds of an interval in which the host stood still."""
        return overlap(list(self.stalls), began, ended)

    def slowed_within(self, began: float, ended: float) -> float:
        """The largest factor of the probes in and around an interval."""
        near = [
            slow for at, slow in list(self.slowness) if began - _PROBE_SECONDS <= at <= ended + _PROBE_SECONDS
        ]
        return max(near, default=1.0)

    @property
    def longest(self) -> float:
        return max((ended - began for began, ended in list(self.stalls)), default=0.0)

    def slowed(self, share: float) -> float:
        """The factor that this share of the probes did not exceed; 1 where nothing else runs."""
        found = sorted(factor for _, factor in list(self.slowness))
        return found[min(len(found) - 1, int(share * len(found)))] if found else 1.0


def overlap(stalls: Sequence[tuple[float, float]], began: float, ended: float) -> float:
    """How much of the interval lies within one of these, which do not overlap each other."""
    return sum(max(0.0, min(ended, last) - max(began, first)) for first, last in stalls)


def watch() -> None:
    probe = time.monotonic() + _PROBE_SECONDS
    while True:
        due = time.monotonic() + _NAP_SECONDS
        if select.select([sys.stdin], [], [], _NAP_SECONDS)[0]:
            return
        now = time.monotonic()
        if now - due > _LATE_SECONDS:
            print(json.dumps({"late": now - due, "at": now}), flush=True)
        if now > probe:
            print(json.dumps({"slow": _slowness(), "at": now}), flush=True)
            probe = time.monotonic() + _PROBE_SECONDS


def _slowness() -> float:
    wall, cpu = time.monotonic(), time.thread_time()
    while time.thread_time() - cpu < _BURN_SECONDS:
        pass
    return (time.monotonic() - wall) / (time.thread_time() - cpu)


if __name__ == "__main__":
    try:
        watch()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(1)
