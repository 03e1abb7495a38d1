"""How the parts ``scaling`` and ``batching`` of ``scripts/bench`` are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark import batching as batchings
from benchmark import scaling as scalings

_console = Console(width=120)
SHARE_GOAL = 0.95
FAIRNESS_GOAL = 1.1


def scaling(seconds: float) -> dict[str, Any]:
    """Throughput, fairness and latency by cores; a slow core, crashes, and where CPU is the limit."""
    found = scalings.measure(seconds)
    _console.print(
        f"SIMULATED {scalings.INSTANCE}: a core sleeps {found['service_ms']:g} ms for each batch; copies: a "
        "model server for each chip; servers: one for each core"
    )
    _table(
        f"throughput, 2 clients for each core (goal: share >= {SHARE_GOAL}, fairness <= {FAIRNESS_GOAL})",
        found["scaling"],
        "layout cores ideal rate share fairness p50_ms p99_ms errors",
    )
    alone = found["one_server"]
    _console.print(
        f"baseline: one server that owns all {alone['cores']} cores, a model of {scalings.LAYOUTS['copies']} "
        f"copies: {alone['rate']:.0f}/s, share {alone['share']:.2f}\n"
    )
    _table(
        f"arrivals by chance at {scalings.LOAD:.0%} of the capacity; p99 of the same arrivals in one ideal "
        "queue, and dealt to the cores by lot",
        found["open"],
        "layout ideal rate p50_ms p99_ms one_queue_p99_ms by_lot_p99_ms errors",
    )
    _table(
        f"one core {scalings.SLOW:g} times slower; its work against that of the others (ideal "
        f"{1 / scalings.SLOW:.2f}), and the share that dealing in turn would have",
        found["slow"],
        "layout ideal rate share slow_to_others fairness_of_others in_turn_share p99_ms errors",
    )
    _table(
        f"a model server crashes every {scalings.CRASH_EVERY_SECONDS:g} s; up: copies that were ready",
        found["crash"],
        "layout crashes ideal rate share up share_of_up p99_ms errors",
    )
    _limit(found["limit"])
    return found


def _limit(limit: Mapping[str, Any]) -> None:
    steps = [
        {**step, **{f"{kind}_cpu": ms for kind, ms in step["cpu_ms"].items()}, "cpus_used": step["cpus"]}
        for step in limit["steps"]
    ]
    _table(
        "where CPU is the limit: shorter and shorter service times; ms of CPU for each request",
        steps,
        "service_ms ideal rate share fairness p99_ms gateway_cpu servers_cpu load_cpu cpus_used",
    )
    _console.print(
        f"ideal up to {limit['reached_rate']:.0f}/s; at most {limit['most_rate']:.0f}/s with gateway, "
        "simulated servers and load on the same CPUs; the gateway alone takes "
        f"{limit['gateway_rate_per_cpu']:.0f}/s for each CPU\n"
    )


def batching(seconds: float) -> list[dict[str, Any]]:
    """Who joins single rows into compiled batches."""
    found = batchings.measure(seconds)
    rows = [
        {**row, "gateway_cpu": row["cpu_ms"]["gateway"], "servers_cpu": row["cpu_ms"]["servers"]}
        for row in sorted(found, key=lambda r: (r["batch"], r["layout"], r["clients"]))
    ]
    _table(
        f"SIMULATED {batchings.INSTANCE}, {batchings.SERVICE_MS:g} ms for each batch: single rows, joined by "
        "whom; rows/s, ms of CPU for each row",
        rows,
        "batch layout clients way ideal rate share fill p50_ms p99_ms gateway_cpu servers_cpu errors",
    )
    return found


def _table(title: str, rows: Iterable[Mapping[str, Any]], columns: str) -> None:
    names = columns.split()
    table = Table(*(name.removesuffix("_ms").replace("_", " ") for name in names), title=title)
    table.title_justify = "left"
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in names))
    _console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    if isinstance(value, dict):
        return " ".join(f"{kind}: {count}" for kind, count in value.items()) or "-"
    return str(value)
