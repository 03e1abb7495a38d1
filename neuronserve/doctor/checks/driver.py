"""Driver and runtime against the chips' generation, and the tools beside them.

Sources: AWS Neuron SDK release notes. Runtime library 2.23 (SDK 2.21) dropped Inf1 ("Architecture not found
1"); for Inf1 the driver is ``aws-neuronx-dkms`` 2.24.* at most. TensorFlow was never supported on Trn2.
"""

from __future__ import annotations

import re
from pathlib import Path

from neuronserve.doctor.finding import Finding, Outcome, fault, note, ok, skip, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import ModelServerError
from neuronserve.generation import Generation
from neuronserve.modelserver import programs
from neuronserve.neuron import neuronls

_PACKAGE = "aws-neuronx-runtime-lib"
_LAST_INF1_DRIVER = (2, 24)
_FIRST_RUNTIME_WITHOUT_INF1 = (2, 23)
_SECONDS = 10.0


def check(patient: Patient) -> Outcome:
    """Learns the versions of driver and runtime."""
    host = patient.host
    if host is None and patient.kind in (programs.NEURON, programs.SIMULATOR):
        return Outcome((skip("not looked at: see devices"),))
    if host is None:
        return Outcome((ok("not in play: no Neuron devices are used"),))
    generation = next((chip.generation for chip in host.chips if chip.generation), None)
    runtime, source = _runtime(patient)
    findings = [_driver(host.driver, generation), _judged(runtime, source, generation)]
    if host.simulated:
        findings.append(note("the driver is simulated too: its version says nothing about a real one"))
    findings += _tools(patient)
    return Outcome(tuple(findings), {"versions": patient.with_versions(driver=host.driver, runtime=runtime)})


def _driver(version: str, generation: Generation | None) -> Finding:
    if not version:
        return note("the driver does not tell its version", "see /sys/module/neuron/version on the host")
    if generation is Generation.V1 and _number(version) > _LAST_INF1_DRIVER:
        fix = "install aws-neuronx-dkms 2.24.* at most on the host"
        return warn(f"driver {version} is newer than the last one for Inf1 (2.24)", fix, version=version)
    return ok(f"driver {version}", version=version)


def _judged(version: str, source: str, generation: Generation | None) -> Finding:
    if not version:
        return note(
            "the runtime library's version is not known: the model server brings it, or it is not installed",
            f"see dpkg -l {_PACKAGE}",
        )
    if generation is Generation.V1 and _number(version) >= _FIRST_RUNTIME_WITHOUT_INF1:
        fix = f"install {_PACKAGE} below 2.23 (Neuron SDK 2.20.2 at most)"
        message = f"runtime library {version} ({source}) does not know Inf1: 2.23 dropped it"
        return fault(ModelServerError(message, hint=fix), version=version)
    return ok(f"runtime library {version} ({source})", version=version)


def _runtime(patient: Patient) -> tuple[str, str]:
    """Version and where it is known from; empty when nothing tells."""
    dpkg = patient.around.program("dpkg-query", patient.environ)
    if dpkg:
        ran = patient.around.run(
            [dpkg, "--show", "--showformat=${db:Status-Status} ${Version}", _PACKAGE], _SECONDS
        )
        status, _, version = ran.out.strip().partition(" ")
        if ran.code == 0 and status == "installed" and version:
            return version, _PACKAGE
    rpm = patient.around.program("rpm", patient.environ)
    if rpm:
        ran = patient.around.run([rpm, "--query", "--queryformat", "%{VERSION}", _PACKAGE], _SECONDS)
        if ran.code == 0 and ran.out.strip():
            return ran.out.strip(), _PACKAGE
    return _by_name(patient.around.libraries)


def _by_name(folder: Path) -> tuple[str, str]:
    """``libnrt.so.1`` is a link to a file that has the version in its name."""
    try:
        real = (folder / "libnrt.so.1").resolve(strict=True)
    except (OSError, RuntimeError):
        return "", ""
    found = re.fullmatch(r"libnrt\.so\.(\d+\.\d+[\d.]*)", real.name)
    return (found[1], str(real)) if found else ("", "")


def _tools(patient: Patient) -> list[Finding]:
    which = lambda name: patient.around.program(name, patient.environ)
    found = {name: neuronls.program(which, name) for name in ("neuron-ls", "neuron-monitor")}
    absent = [name for name, path in found.items() if path is None]
    if absent:
        message = f"{' and '.join(absent)} not installed: holders of other containers and use are not seen"
        return [note(message, "install aws-neuronx-tools", tools=found)]
    return [ok(f"tools: {', '.join(str(path) for path in found.values())}", tools=found)]


def _number(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
