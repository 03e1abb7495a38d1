"""What this container may use: processors, memory, processes, ports, programs.

Processors by affinity and cgroup quota, memory and processes by the cgroup's limits.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from neuronserve.errors import FrontError

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")
_PROC_NET = Path("/proc/net")
_HELD = frozenset({"01", "08"})  # ESTABLISHED, CLOSE_WAIT: include/net/tcp_states.h
_PATH = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"  # a plain user's PATH on Debian has no sbin
_TAKEN = "stop what listens there, or set SAGEMAKER_BIND_TO_PORT"
NGINX_MODULES = Path("/usr/lib/nginx/modules")  # of Debian's packages
_PRIVILEGED = "only a privileged user may have such a low port; set SAGEMAKER_BIND_TO_PORT to 1024 or more"


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


def memory(cgroup: Path = _CGROUP) -> int:
    """Bytes this container may use in all."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = memory_limit(cgroup)
    return whole if limit is None else min(whole, limit)


def memory_available(cgroup: Path = _CGROUP, meminfo: Path = _MEMINFO) -> int:
    """Bytes that can be had without swapping: of the machine, and within the cgroup's limit."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _read(meminfo), re.MULTILINE)
    available = int(found[1]) << 10 if found else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = memory_limit(cgroup)
    if limit is None:
        return available
    return min(available, max(0, limit - _memory_used(cgroup)))


def processes_left(cgroup: Path = _CGROUP) -> int | None:
    """How many more processes and threads the cgroup allows; None when it sets no limit."""
    for folder in (cgroup, cgroup / "pids"):
        most, now = _read(folder / "pids.max"), _read(folder / "pids.current")
        if most.isdecimal() and now.isdecimal():
            return max(0, int(most) - int(now))
    return None


def must_be_free(port: int) -> None:
    """Raises FrontError when the service cannot listen on ``port``."""
    try:
        with socket.create_server(("0.0.0.0", port)):
            pass
    except OSError as error:
        raise FrontError(
            f"cannot listen on port {port}: {os.strerror(error.errno or 0).lower()}",
            hint=_PRIVILEGED if isinstance(error, PermissionError) else _TAKEN,
        ) from error


def free_port() -> int:
    """One on which nobody listens now."""
    with socket.create_server(("0.0.0.0", 0)) as held:
        return int(held.getsockname()[1])


def program(name: str, environ: Mapping[str, str]) -> str | None:
    """Where a program of the system is, also one for administrators such as nginx; None: not installed."""
    return shutil.which(name, path=f"{environ.get('PATH', '')}:{_PATH}")


def _memory_used(cgroup: Path) -> int:
    """Without what was only read from files, which makes room for others."""
    for folder, now, cached in (
        (cgroup, "memory.current", "inactive_file"),
        (cgroup / "memory", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        text = _read(folder / now)
        if text.isdecimal():
            found = re.search(rf"^{cached} (\d+)$", _read(folder / "memory.stat"), re.MULTILINE)
            return int(text) - (int(found[1]) if found else 0)
    return 0


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


def connections(port: int) -> int:
    """How many connections clients hold to a port of this host, busy or idle: proc(5), ``/proc/net/tcp``."""
    found = 0
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            found += _connections((_PROC_NET / name).read_text(), port)
    return found


def _connections(table: str, port: int) -> int:
    """Of such a table; a client that sent all it had (CLOSE_WAIT) may still wait for its answer."""
    rows = (line.split() for line in table.splitlines()[1:])
    return sum(row[1].endswith(f":{port:04X}") and row[3] in _HELD for row in rows)
