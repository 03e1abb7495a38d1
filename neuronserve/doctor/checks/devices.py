"""The Neuron devices: present, openable, what they are. For the simulator a pretended host is made."""

from __future__ import annotations

import sys
from pathlib import Path

from neuronserve.doctor.finding import Finding, Level, Outcome, counted, fault, note, ok, skip, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import DeviceFault
from neuronserve.exitcodes import of
from neuronserve.modelserver import programs
from neuronserve.neuron import sysfs
from neuronserve.neuron.chips import Host, Problem, Roots
from neuronserve.neuron.look import look
from neuronserve.settings import Settings

_SECONDS = 20.0
_USE = "set MODEL_SERVER=neuron, with its program installed or named by MODEL_SERVER_BINARY"
_GIVE = "start the container with --device=/dev/neuron0 for each chip (ECS: linuxParameters.devices)"


def check(patient: Patient) -> Outcome:
    """Learns the host and where its kernel's folders are."""
    settings = patient.settings
    roots = Roots(dev=settings.devices_dir, sys=settings.sysfs_dir, proc=patient.around.proc)
    if patient.kind == programs.SIMULATOR:
        made = _simulated(patient, settings)
        if isinstance(made, Finding):
            return Outcome((made,))
        roots = made
    elif programs.NEURON not in (patient.kind, settings.model_server):
        return Outcome((_unused(settings, patient.kind or settings.model_server),), {"roots": roots})
    host = look(roots, instance_type=settings.instance_type, neuron_ls=patient.around.neuron_ls)
    findings = [_finding(problem) for problem in host.problems]
    if host.simulated:
        pretended = host.instance_type or "host"
        findings.insert(0, warn(f"SIMULATED: a pretended {pretended}; nothing here is Neuron hardware"))
    if host.chips:
        findings.append(_chips(host))
    return Outcome(
        tuple(findings), {"roots": roots, "host": host, "versions": patient.with_versions(driver=host.driver)}
    )


def _finding(problem: Problem) -> Finding:
    level, code = (Level.FAIL, of(DeviceFault(""))) if problem.fatal else (Level.WARN, 0)
    return Finding(level, problem.message, problem.hint, problem.code, code, {"device": problem.device})


def _chips(host: Host) -> Finding:
    first = host.chips[0]
    count = sum(chip.cores or 0 for chip in host.chips)
    of_host = f" of the host's {host.on_host}" if (host.on_host or 0) > len(host.chips) else ""
    kind = first.generation or "cores of an unknown generation"
    what = host.instance_type or first.instance_type or "an unknown instance type"
    message = f"{counted(len(host.chips), 'chip')}{of_host}, {counted(count, 'core')} ({kind}) of {what}"
    return (ok if not host.faults else note)(message, **host.as_dict())


def _unused(settings: Settings, kind: str) -> Finding:
    """No devices are in play: whether that can be what was meant."""
    if programs.has_devices(settings):
        return warn(f"there are Neuron devices here, and the {kind} model server does not use them", _USE)
    shown = sysfs.on_host(settings.sysfs_dir)
    product = sysfs.product(settings.sysfs_dir)
    if shown:
        return warn(f"the host has {shown} Neuron chips, and none was given to this container", _GIVE)
    if product:
        hint = "install aws-neuronx-dkms on the host, or use the Neuron AMI"
        return warn(f"this is {product}, and its Neuron driver is not loaded", hint)
    return ok(f"no Neuron devices, and the {kind} model server needs none")


def _simulated(patient: Patient, settings: Settings) -> Roots | Finding:
    """The simulator makes its host in a folder that is removed; as a program, for nothing here imports it."""
    if patient.scratch is None:
        return skip("there is no writable folder to make the simulated host in")
    folder = patient.scratch / "neuron-host"
    verb = ["create"] if settings.simulate else ["adopt", "--devices", str(settings.devices_dir)]
    name = settings.simulate or settings.instance_type or ""
    argv = [sys.executable, "-m", "neuronserve.simulator", *verb, "--host", str(folder), name]
    root = str(Path(__file__).resolve().parents[3])
    ran = patient.around.run(argv, _SECONDS, {**patient.environ, "PYTHONPATH": root})
    if ran.code != 0:
        why = ran.why or ran.err.strip().removeprefix("error: ")
        return fault(DeviceFault(f"the simulated host cannot be made: {why}"))
    return Roots(dev=folder / "dev", sys=folder / "sys", proc=patient.around.proc)
