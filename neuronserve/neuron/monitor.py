"""neuron-monitor: a program that writes one JSON document per line, every five seconds.

Source: the AWS Neuron SDK's neuron-monitor user guide. Which parts there are depends on its version and on
what runs, so an absent or odd part counts as not told; only a line that is no document is an error.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuronserve.errors import DeviceFault
from neuronserve.neuron import neuronls
from neuronserve.neuron.usage import CoreUsage, RuntimeUsage, Usage

SOURCE = "neuron-monitor"
_DONE = ("completed", "completed_with_err", "completed_with_num_err")
_LARGEST = 1 << 62


def command(which: Callable[[str], str | None] = shutil.which) -> tuple[str, ...] | None:
    """How to run it, without a configuration: all groups, every 5 s; None: it is not installed."""
    found = neuronls.program(which, SOURCE)
    return (found,) if found else None


def parse(line: str | bytes) -> Usage:
    """One line. Raises DeviceFault when it is no JSON object.

    A core's number is neuron-monitor's own. Where processes share a core, which the runtime does not
    allow, their shares are added.
    """
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DeviceFault("neuron-monitor wrote a line that is no JSON", detail=str(error)) from error
    if not isinstance(raw, dict):
        raise DeviceFault("neuron-monitor wrote a line that is no JSON object")
    entries = [entry for entry in _list(raw.get("neuron_runtime_data")) if isinstance(entry, dict)]
    reports = [_dict(entry.get("report")) for entry in entries]
    return Usage(
        source=SOURCE,
        cores=_cores(reports),
        runtimes=tuple(_runtime(entry, _dict(entry.get("report"))) for entry in entries),
        seconds=next(
            (s for r in reports if (s := _number(_group(r, "neuroncore_counters"), "period"))), None
        ),
        faults=tuple(dict.fromkeys(_faults(raw, entries))),
    )


def _cores(reports: list[Mapping[str, Any]]) -> tuple[CoreUsage, ...]:
    used: dict[int, float] = {}
    stored: dict[int, int] = {}
    for report in reports:
        for core, counters in _by_core(_group(report, "neuroncore_counters").get("neuroncores_in_use")):
            percent = _number(counters, "neuroncore_utilization")
            if percent is not None:
                used[core] = min(1.0, used.get(core, 0.0) + percent / 100)
        for core, kinds in _by_core(_breakdown(report).get("neuroncore_memory_usage")):
            stored[core] = stored.get(core, 0) + sum(_whole(kinds, kind) or 0 for kind in kinds)
    return tuple(CoreUsage(core, used.get(core), stored.get(core)) for core in sorted({*used, *stored}))


def _runtime(entry: Mapping[str, Any], report: Mapping[str, Any]) -> RuntimeUsage:
    executions = _group(report, "execution_stats")
    outcomes = _dict(executions.get("execution_summary"))
    kinds = _dict(executions.get("error_summary"))
    counted = {kind: _whole(kinds, kind) or 0 for kind in kinds}
    refused = {kind: _whole(outcomes, kind) or 0 for kind in outcomes if kind not in _DONE}
    memory = _used_bytes(report)
    tag = entry.get("neuron_runtime_tag")
    return RuntimeUsage(
        pid=_whole(entry, "pid") or 0,
        tag=tag if isinstance(tag, str) else "",
        device_bytes=_whole(memory, "neuron_device"),
        host_bytes=_whole(memory, "host"),
        completed=_whole(outcomes, "completed") or 0,
        errors={kind: count for kind, count in {**counted, **refused}.items() if count},
    )


def _faults(raw: Mapping[str, Any], entries: list[dict[str, Any]]) -> Iterator[str]:
    groups = [raw.get("neuron_hardware_info"), *_dict(raw.get("system_data")).values(), *entries]
    for entry in entries:
        groups += _dict(entry.get("report")).values()
    for group in groups:
        error = _dict(group).get("error")
        if isinstance(error, str) and error.strip():
            yield error.strip()[:200]


def _used_bytes(report: Mapping[str, Any]) -> Mapping[str, Any]:
    return _dict(_group(report, "memory_used").get("neuron_runtime_used_bytes"))


def _breakdown(report: Mapping[str, Any]) -> Mapping[str, Any]:
    return _dict(_used_bytes(report).get("usage_breakdown"))


def _group(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _dict(report.get(name))


def _by_core(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for key, entry in _dict(value).items():
        if re.fullmatch(r"[0-9]{1,5}", key):
            yield int(key), _dict(entry)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(entry: Mapping[str, Any], key: str) -> float | None:
    """A finite number that is not negative."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _LARGEST and math.isfinite(value) else None


def _whole(entry: Mapping[str, Any], key: str) -> int | None:
    number = _number(entry, key)
    return None if number is None else int(entry[key])
