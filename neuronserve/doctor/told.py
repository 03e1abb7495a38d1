"""The findings as text for a person, and as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from typing import Any

import neuronserve
from neuronserve import exitcodes
from neuronserve.doctor.examine import Examined
from neuronserve.doctor.finding import Finding, Level, counted
from neuronserve.neuron import ownership

_COLOURS = {Level.OK: 32, Level.NOTE: 36, Level.WARN: 33, Level.FAIL: 31, Level.SKIP: 90}
_NAME = 9  # characters of the longest check's name, and one


def line(finding: Finding, *, coloured: bool = False) -> str:
    """What was found, and below it what to do."""
    word = f"{finding.level:<4}"
    word = f"\033[{_COLOURS[finding.level]}m{word}\033[0m" if coloured else word
    told = f"{word}  {finding.check:<{_NAME}} {_flat(finding.message)}"
    if not finding.fix:
        return told
    return f"{told}\n{'':<{_NAME + 7}}fix: {_flat(finding.fix)}"


def ending(examined: Examined) -> Iterator[str]:
    """The ownership map where there is one, and the sum."""
    made = examined.patient.allotment
    if made is not None and made.map is not None:
        yield ""
        yield from ownership.table(made.map)
    yield ""
    yield summary(examined)


def summary(examined: Examined) -> str:
    """``2 faults, 1 warning; exit code 35: a Neuron device is absent, ...``."""
    counts = [
        counted(count, word)
        for level, word in ((Level.FAIL, "fault"), (Level.WARN, "warning"), (Level.NOTE, "note"))
        if (count := sum(one.level is level for one in examined.findings))
    ]
    simulated = "SIMULATED: " if _simulated(examined) else ""
    if not any(one.level is Level.FAIL for one in examined.findings):
        return f"{simulated}no faults" + (f", {', '.join(counts)}" if counts else "") + _left_out(examined)
    code = examined.exit_code
    return f"{simulated}{', '.join(counts)}; exit code {code}: {exitcodes.MEANINGS[code]}"


def _left_out(examined: Examined) -> str:
    """What the exit code does not cover."""
    skipped = _skipped(examined)
    return f"; not looked at: {', '.join(skipped)}" if skipped else ""


def _skipped(examined: Examined) -> list[str]:
    """The checks that were skipped, or a part of them."""
    return list(dict.fromkeys(one.check for one in examined.findings if one.level is Level.SKIP))


def as_json(examined: Examined) -> str:
    made, code = examined.patient.allotment, examined.exit_code
    document: dict[str, Any] = {
        "exit_code": code,
        "meaning": "no faults" if code == exitcodes.STOPPED else exitcodes.MEANINGS[code],
        "simulated": _simulated(examined),
        "skipped": _skipped(examined),
        "findings": [one.as_dict() for one in examined.findings],
        "ownership": made.map if made else None,
        "versions": {
            "neuronserve": neuronserve.__version__,
            "python": platform.python_version(),
            "kernel": platform.release(),
            **examined.patient.versions,
        },
    }
    return json.dumps(document, indent=2, default=str)


def _simulated(examined: Examined) -> bool:
    return examined.patient.host is not None and examined.patient.host.simulated


def _flat(text: str) -> str:
    """On one line, and nothing that moves a terminal's cursor: names come from archives and stores."""
    return "".join(c if c.isprintable() else " " for c in text)
