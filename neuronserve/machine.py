"""What this container may use: processors by affinity and cgroup quota, memory by cgroup limit."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cpus(cgroup: Path = _CGROUP) -> int:
    """Processors this container may use, at least 1: the host's count is not ours to take."""
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def memory_limit(cgroup: Path = _CGROUP) -> int | None:
    """The memory limit in bytes; None when there is none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(cgroup / name)
        if text and text != "max":
            limit = int(text)
            return limit if limit < 1 << 60 else None  # version 1 says "none" with a huge number
    return None


def _quota(cgroup: Path) -> float | None:
    text = _read(cgroup / "cpu.max")
    if text:
        quota, _, period = text.partition(" ")
        return None if quota == "max" else int(quota) / int(period or 100_000)
    quota = _read(cgroup / "cpu/cpu.cfs_quota_us")
    period = _read(cgroup / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota and period and int(quota) > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
