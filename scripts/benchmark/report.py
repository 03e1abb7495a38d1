"""The parts of ``scripts/bench``, and how they are printed."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark import gateway as gateways
from benchmark import handlers as ways
from benchmark import payload as payloads
from benchmark import pull as pulls

_console = Console(width=120)
MEMORY_GOAL_MB = 60
READY_GOAL_SECONDS = 1.5
PULL_GOAL = 0.6


def machine() -> dict[str, Any]:
    """What it ran on, with two figures of its speed."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "baseline": _speed()}


def _speed() -> dict[str, float]:
    """Milliseconds for two fixed jobs: hashing 64 MB, and parsing the image's JSON with simdjson."""
    import hashlib

    import simdjson

    data = bytes(1 << 26)
    body = gateways.cases()[1].body
    parser = simdjson.Parser()
    return {
        "sha256_64MB_ms": _best(lambda: hashlib.sha256(data).digest()),
        "simdjson_image_ms": _best(lambda: bool(parser.parse(body))),
    }


def _best(job: Callable[[], object], times: int = 10) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1e3


def gateway(seconds: float, repeat: int, free_port: Callable[[], int]) -> list[dict[str, Any]]:
    """Ours and the prototype in turn, ``repeat`` times; medians."""
    table = Table(
        "request",
        "ours ms CPU",
        "nginx",
        "gunicorn",
        "goal",
        "prototype",
        "ratio",
        "p50 ms",
        "p99 ms",
        "PSS MB",
    )
    rows = []
    for case in gateways.cases():
        ours, theirs = [], []
        for _ in range(repeat):
            port = free_port()
            with gateways.served(case.shape, port, {}) as (serve, _):
                watched = gateways.parts(serve)
                figures = gateways.measured(port, case, watched, seconds)
                figures["pss_mb"] = max(gateways.pss_mb(p) for p in watched["gunicorn"])
                ours.append(figures)
            port = free_port()
            with gateways.prototype(case.shape, port) as watched:
                theirs.append(gateways.measured(port, case, watched, seconds))
        row = {
            "case": case.name,
            "goal_ms": case.goal_ms,
            **_median(ours),
            "prototype_cpu_ms": _median(theirs)["cpu_ms"],
        }
        row["ratio"] = row["cpu_ms"] / row["prototype_cpu_ms"]
        rows.append(row)
        table.add_row(
            case.name, f"{row['cpu_ms']:.2f}", f"{row['nginx_cpu_ms']:.2f}", f"{row['gunicorn_cpu_ms']:.2f}",
            f"{case.goal_ms or '-'}", f"{row['prototype_cpu_ms']:.2f}", f"{row['ratio']:.2f}",
            f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}", f"{row['pss_mb']:.0f} (<= {MEMORY_GOAL_MB})",
        )  # fmt: skip
    _console.print(table)
    return rows


def _median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def start(repeat: int, free_port: Callable[[], int]) -> dict[str, Any]:
    """Seconds from ./serve to 200 on /ping; the null server loads nothing."""
    taken = []
    for _ in range(max(3, repeat)):
        with gateways.served("-1,3", free_port(), {}) as (_, seconds):
            taken.append(seconds)
    median = statistics.median(taken)
    _console.print(
        f"start to ready: {median:.2f} s, model server's own load not counted (goal {READY_GOAL_SECONDS})"
    )
    return {"ready_seconds": median, "all": taken, "goal": READY_GOAL_SECONDS}


def handlers(seconds: float, repeat: int, free_port: Callable[[], int]) -> list[dict[str, Any]]:
    """A model's own code, against code that posts to the model server's REST itself."""
    rows = ways.measure(seconds, repeat, free_port)
    table = Table("64 rows of 3 floats", "ms CPU, nginx + gateway", "p50 ms", "ratio")
    for row in rows:
        table.add_row(row["way"], f"{row['cpu_ms']:.2f}", f"{row['p50_ms']:.1f}", f"{row['ratio']:.2f}")
    _console.print(table)
    return rows


def payload() -> list[dict[str, object]]:
    rows = payloads.measure()
    table = Table("payload", "bytes", "ms", "json + numpy", "orjson + numpy")
    for row in rows:
        others = [f"{ratio:.1f} x" for ratio in row["others"]]  # type: ignore[attr-defined]
        table.add_row(str(row["case"]), str(row["bytes"]), f"{row['ms']:.4f}", *others)
    _console.print(table)
    return rows


def pull(size_mb: int, rounds: int) -> dict[str, float]:
    """Ours against ``aws s3 cp`` + ``tar xzf``; the fastest of ``rounds`` each."""
    found = pulls.measure(size_mb, rounds=rounds)
    _console.print(
        f"pull and unpack of {found['archive_mb']:.0f} MB: {found['ours_s']:.1f} s, aws + tar "
        f"{found['aws_tar_s']:.1f} s: ratio {found['ratio']:.2f} (goal {PULL_GOAL})"
    )
    return found
