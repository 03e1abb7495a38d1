"""How a run is shown: lines while it goes on, tables and what did not hold at its end, all of it as JSON."""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from chaos.answers import FAILED, HUNG, REFUSED, RESET, RIGHT, WRONG, Window, excused
from chaos.forms import FORMS
from chaos.inject import Chaos
from chaos.limits import Account, Injection, Usage, broken, of_injection
from chaos.schedule import NAMES
from chaos.session import Order, Run
from chaos.world import ENDLESS

_MIB = 1 << 20
_TITLES = (
    "INJECTION",
    "COUNT",
    "GAP",
    "MOST",
    "HOST'S",
    "ALLOWED",
    "BACK AFTER",
    "MOST",
    "SLOWEST",
    "ONE MODEL'S GAP",
)


def opening(order: Order) -> list[str]:
    wanted = order.world
    kind = f"{wanted.cpu} embedded CPU servers" if wanted.cpu else f"a simulated {wanted.instance}"
    what = "a multi-model endpoint" if wanted.multi_model else "one model"
    load = (
        f"{order.clients} clients, at most {order.rate:g} requests a second in all, {len(FORMS)} forms "
        "of body, each with rows of its own; one asyncio process, whose limit is a few hundred a second"
    )
    bounds = (
        f"gaps are known to {1000 / order.rate:.0f} ms at best; the service may take "
        f"{order.memory >> 20} MiB and restart each process {ENDLESS} times (SERVE_MAX_RESTARTS)"
    )
    return [
        f"{what} on {kind}; {order.seconds:g} s, seed {order.seed}",
        f"load: {load}",
        bounds,
        f"injections: {', '.join(order.names)}",
    ]


def progress(run: Run, chaos: Chaos, usage: Usage) -> None:
    """One line."""
    counts, done = run.ledger.counts, chaos.done
    worst = max(done, key=lambda one: one.gap, default=None)
    fronts = [*chaos.fronts, Window(chaos.since, math.inf)]
    bad = [one for one in run.ledger.failures if not excused(one, fronts)]
    print(
        f"{time.monotonic() - run.began:6.0f} s  {len(done)} injections  right {counts[RIGHT]:,}  wrong "
        f"{counts[WRONG]}  hung {counts[HUNG]}  503 {counts[REFUSED]}  reset {counts[RESET]}  failed "
        f"{counts[FAILED]}  (not allowed so far: {len(bad)})  longest gap "
        + (f"{worst.gap:.1f} s ({worst.kind.name})" if worst else "-")
        + f"  {usage.pss / _MIB:.0f} MiB  {usage.descriptors} descriptors  {usage.processes} processes  host "
        f"x{run.host.slowed(0.5):.1f}, stood {run.host.longest:.2f} s",
        flush=True,
    )


def injected(injection: Injection) -> None:
    """At once, what did not hold."""
    for line in of_injection(injection):
        print(f"  ! {line}", flush=True)


def closing(run: Run) -> int:
    """Print the tables; the exit code."""
    account = run.account
    assert account is not None  # noqa: S101  the run is over
    for line in (*_kinds(account.injections), "", *_answers(run, account), "", *_holdings(run, account)):
        print(line)
    faults = broken(account)
    print(f"\n{len(faults)} limits do not hold:" if faults else "\nall limits hold")
    for fault in faults:
        print(f"  - {fault}")
    return int(bool(faults))


def to_json(run: Run, file: Path) -> None:
    account = run.account
    assert account is not None  # noqa: S101  the run is over
    told: dict[str, Any] = {
        "order": dataclasses.asdict(run.order),
        "settings": run.settings,
        "answers": run.ledger.counts,
        "compared_by_form": run.ledger.forms,
        "slowest_seconds": run.ledger.slowest,
        "host": {"stalls": run.host.stalls, "slowness_median": run.host.slowed(0.5)},
        "load_late_seconds": run.late,
        "peak_rss": run.peak_rss,
        "churn": run.churn,
        "account": {**dataclasses.asdict(account), "failures": [vars(one) for one in account.failures]},
        "broken": broken(account),
    }
    file.write_text(json.dumps(told, indent=1, default=str) + "\n")


def _kinds(injections: Sequence[Injection]) -> list[str]:
    groups: dict[str, list[Injection]] = collections.defaultdict(list)
    for one in injections:
        groups[one.kind.name].append(one)
    rows = [_row(name, groups[name]) for name in NAMES if name in groups]
    refused = {one.kind.name: one.impossible for one in injections if one.impossible}
    title = (
        "seconds without a right answer (median, most, the host's part of that), until all was as before, "
        "and of the slowest answer"
    )
    return [
        title,
        *_aligned([_TITLES, *rows]),
        *(f"{name} could not be done: {why}" for name, why in refused.items()),
    ]


def _row(name: str, group: Sequence[Injection]) -> tuple[str, ...]:
    worst = max(group, key=lambda one: one.gap)
    back = [one.recovery for one in group if one.recovery is not None]
    lost = sum(one.recovery is None for one in group) + sum(not one.found for one in group)
    limit = group[0].kind.longest_gap
    return (
        name,
        str(len(group)) if not worst.impossible else "0",
        _seconds([one.gap for one in group], statistics.median),
        f"{worst.gap:.2f}",
        f"{worst.stalled:.2f}",
        "" if limit is None else f"{limit:g}",
        _seconds(back, statistics.median),
        _seconds(back, max) + (f" ({lost} never)" if lost else ""),
        f"{max(one.slowest for one in group):.2f}",
        f"{max(one.model_gap for one in group):.2f}",
    )


def _seconds(values: Sequence[float], of: Callable[[Iterable[float]], float]) -> str:
    return f"{of(values):.2f}" if values else "-"


def _answers(run: Run, account: Account) -> list[str]:
    counts = run.ledger.counts
    kills = [one for one in account.fronts if one.ended < math.inf]
    resets = [one for one in account.failures if one.kind == RESET]
    by_kills = sum(excused(one, kills) for one in resets)
    by_stop = sum(excused(one, account.fronts) for one in resets) - by_kills
    forms = ", ".join(f"{name} {count:,}" for name, count in sorted(run.ledger.forms.items()))
    lines = [
        ("answers compared", f"{account.compared:,} ({forms})"),
        ("right", f"{counts[RIGHT]:,}"),
        ("wrong", f"{counts[WRONG]}"),
        (
            "hung",
            f"{counts[HUNG]} (beyond the deadline and 1 s; the slowest took {run.ledger.slowest:.1f} s)",
        ),
        ("honest 503", f"{counts[REFUSED]:,} (with Retry-After)"),
        ("lost", f"{counts[RESET]} connections reset: {by_kills} by killed fronts, {by_stop} by the stop"),
        ("dishonest", f"{counts[FAILED]} other failures"),
    ]
    if run.churn:
        lines.append(("models", ", ".join(f"{name}: {count}" for name, count in sorted(run.churn.items()))))
    return _aligned(lines)


def _holdings(run: Run, account: Account) -> list[str]:
    before, after, ending = account.before, account.after, account.ending
    host = run.host
    memory = (
        f"PSS {before.pss // _MIB} MiB before, {after.pss // _MIB} after; RSS {before.rss // _MIB} before, "
        f"{after.rss // _MIB} after, {run.peak_rss // _MIB} at most"
    )
    files = (
        f"{sum(before.files.values())} of {before.bytes // 1024} KiB before, {sum(after.files.values())} of "
        f"{after.bytes // 1024} KiB after, in runtime, cache and temporary folder"
    )
    stood = (
        f"stood still for {host.longest:.2f} s at most, {len(host.stalls)} times above 0.05 s; computed "
        f"{host.slowed(0.5):.1f} times as long as alone (median; {host.slowed(0.95):.1f} for 95 %)"
    )
    owners = f"{len(account.doubled)} (of {run.claims:,} ranges looked at {run.walks:,} times)"
    lines = [
        ("descriptors", f"{before.descriptors} before, {after.descriptors} after"),
        ("memory", memory),
        ("processes", f"{before.processes} before, {after.processes} after"),
        ("files", files),
        ("cores with two owners", owners),
        ("stop under load", f"exit code {ending.exit_code} after {ending.seconds:.1f} s"),
        ("left after the stop", f"{len(ending.processes)} processes, {len(ending.files)} files"),
        ("host", stood),
        ("load", f"late by {run.late:.2f} s at most by itself"),
        ("settings", " ".join(run.settings)),
    ]
    return _aligned(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
