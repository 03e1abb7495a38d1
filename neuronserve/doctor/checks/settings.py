"""The environment variables: faults, unknown names, and those that do not do what one may think."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from neuronserve import exitcodes
from neuronserve import settings as settings_room
from neuronserve.doctor.finding import Finding, Level, Outcome, note, ok, split_advice, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import SettingsError
from neuronserve.neuron import variables
from neuronserve.settings import Settings


def check(patient: Patient) -> Outcome:
    """Learns the settings; where some are wrong, those that remain without them."""
    settings, environ, faults = _read(patient.environ)
    findings = [_fault(line) for line in faults]
    if faults:
        left_out = sorted(patient.environ.keys() - environ.keys())
        findings.append(note(f"what follows holds for the others: {', '.join(left_out)} left out"))
    else:
        known = [one.name for one in settings_room.variables()]
        given = [name for name in known if patient.environ.get(name, "").strip()]
        findings.append(ok(f"{', '.join(given) or 'all defaults'}; user {os.geteuid()}", set=given))
    findings += [
        warn(line, "unset it, or correct its name") for line in settings_room.without_effect(patient.environ)
    ]
    findings += [warn(line) for line in variables.warnings(patient.environ)]
    return Outcome(tuple(findings), {"known": settings, "environ": environ}, goes_on=True)


def _read(environ: Mapping[str, str]) -> tuple[Settings, Mapping[str, str], list[str]]:
    """The settings, what they were read from, and all faults. A conflict hides behind the first faults."""
    faults: list[str] = []
    while True:
        try:
            return Settings.from_environ(environ), environ, faults
        except SettingsError as error:
            faults += error.faults
            wrong = {name for line in error.faults for name in re.findall(r"[A-Z][A-Z0-9_]{4,}", line)}
            if not wrong & environ.keys():
                wrong = {one.name for one in settings_room.variables()}
            environ = {name: value for name, value in environ.items() if name not in wrong}


def _fault(line: str) -> Finding:
    message, fix = split_advice(line)
    return Finding(Level.FAIL, message, fix, SettingsError.code, exitcodes.SETTINGS)
