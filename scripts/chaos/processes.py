"""The service's processes, by their part; what they hold; and which are left when it is gone."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from chaos.schedule import (
    GUNICORN_MASTER,
    GUNICORN_WORKER,
    MODEL_SERVER,
    NGINX_MASTER,
    NGINX_WORKER,
    PARTS,
)

_DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


class Family:
    """A service and its descendants, all that were ever seen. ``runtime``: its folder, in their arguments."""

    def __init__(self, pid: int, runtime: Path) -> None:
        self.serve = psutil.Process(pid)
        self._runtime = str(runtime)
        self._seen: set[psutil.Process] = set()

    def now(self) -> list[psutil.Process]:
        """``serve`` and its living descendants, zombies among them."""
        try:
            found = [self.serve, *self.serve.children(recursive=True)]
        except psutil.NoSuchProcess:
            found = []
        self._seen.update(found)
        return found

    def parts(self) -> dict[str, list[psutil.Process]]:
        """Those that run, by part; in order of their ids, so that a seed chooses the same again."""
        found: dict[str, list[psutil.Process]] = {part: [] for part in PARTS}
        for process in sorted(self.now(), key=lambda one: one.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                part = _part(process, self.serve.pid)
                if part and process.status() not in _DEAD:
                    found[part].append(process)
        return found

    def left(self) -> list[str]:
        """Those that still run after ``serve``, also ones that no walk ever met."""
        others = [one for one in psutil.process_iter() if self._is_ours(one)]
        return [_described(one) for one in {*self._seen, *others} if is_alive(one)]

    def zombies(self) -> list[str]:
        return [_described(one) for one in self.now() if not is_alive(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return process.pid != os.getpid() and any(self._runtime in word for word in process.cmdline())
        return False

    def kill(self) -> None:
        """At once, whatever state it is in."""
        for process in {*self.now(), *self._seen}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _part(process: psutil.Process, serve: int) -> str | None:
    words = process.cmdline()
    line = " ".join(words)
    own = process.ppid() == serve
    if line.startswith("nginx: worker"):
        return NGINX_WORKER
    if line.startswith("nginx: master"):
        return NGINX_MASTER if own else None
    if any(word.startswith("--grpc_socket_path=") for word in words):
        return MODEL_SERVER if own else None
    if "gunicorn" in line or "neuronserve-gateway" in line:
        return GUNICORN_MASTER if own else GUNICORN_WORKER
    return None


def is_alive(process: psutil.Process) -> bool:
    """Whether it is still the same process, and runs or is stopped."""
    try:
        return process.is_running() and process.status() not in _DEAD
    except psutil.NoSuchProcess:
        return False


def is_stopped(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


def counted(parts: Mapping[str, list[psutil.Process]]) -> dict[str, int]:
    return {part: len(found) for part, found in parts.items()}


def memory(processes: Iterable[psutil.Process]) -> tuple[int, int]:
    """RSS and PSS of all together; where PSS may not be read, RSS stands for it."""
    rss = pss = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            resident = process.memory_info().rss
            rss += resident
            pss += _pss(process.pid, resident)
    return rss, pss


def _pss(pid: int, otherwise: int) -> int:
    with contextlib.suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) << 10 if found else otherwise
    return otherwise


def descriptors(processes: Iterable[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.num_fds()
    return total


def cores_claimed(servers: Iterable[psutil.Process]) -> list[tuple[int, int, int]]:
    """Of each model server (pid, first, last) of the cores that its environment claims."""
    found = []
    for process in servers:
        with contextlib.suppress(psutil.Error, OSError):
            claimed = re.fullmatch(r"(\d+)(?:-(\d+))?", process.environ().get("NEURON_RT_VISIBLE_CORES", ""))
            if claimed:
                found.append((process.pid, int(claimed[1]), int(claimed[2] or claimed[1])))
    return found


def doubled(claims: Iterable[tuple[int, int, int]]) -> list[str]:
    """Pairs of processes that claim the same core; pure."""
    ordered = sorted(claims, key=lambda one: one[1])
    return [
        f"{max(one[1], other[1])}: processes {one[0]} and {other[0]}"
        for at, one in enumerate(ordered)
        for other in ordered[at + 1 :]
        if other[1] <= one[2]
    ]


def _described(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return f"{process.pid} {' '.join(process.cmdline())[:120] or process.name()}"
    return str(process.pid)
