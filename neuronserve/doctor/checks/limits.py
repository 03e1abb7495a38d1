"""What the container may use: files, processes, processors, memory, against what a service takes."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from neuronserve import machine
from neuronserve.artifact import space
from neuronserve.artifact.bundle import Bundle
from neuronserve.doctor.finding import Finding, Outcome, counted, note, ok, warn
from neuronserve.doctor.patient import Patient
from neuronserve.settings import Settings

_FILES_EACH = 3  # that a connection may need in nginx
_MOST_WORKERS = 8  # gateway workers, where not set
_THREADS_EACH = 32  # of a model server, roughly, beside those per CPU
_PROCESS = 250 << 20  # bytes of a model server without a model, roughly
_COPIES = 2  # of a model in memory, roughly: the file as read, and what is made of it


def check(patient: Patient) -> Outcome:
    settings, cpus = patient.settings, machine.cpus(patient.around.cgroup)
    servers = len(patient.allotment.owners) if patient.allotment else settings.server_count or 1
    return Outcome((
        _cpus(settings, cpus),
        _files(settings),
        _processes(settings, cpus, servers, patient.around.cgroup),
        _memory(patient, servers),
    ))  # fmt: skip


def _cpus(settings: Settings, cpus: int) -> Finding:
    if settings.workers and settings.workers > 2 * cpus:
        fix = "leave SAGEMAKER_GUNICORN_WORKERS unset: one for each CPU"
        return note(f"{settings.workers} gateway workers share {counted(cpus, 'CPU')}", fix, cpus=cpus)
    return ok(f"{counted(cpus, 'CPU')}", cpus=cpus)


def _files(settings: Settings) -> Finding:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = _FILES_EACH * settings.max_in_flight + 64
    if hard != resource.RLIM_INFINITY and hard < needed:
        fix = f"raise it to {needed} (ulimits nofile), or lower SERVE_MAX_IN_FLIGHT"
        return warn(
            f"{hard} open files are allowed, and {settings.max_in_flight} requests may need {needed}", fix
        )
    shown = "no limit" if hard == resource.RLIM_INFINITY else f"{hard} allowed"
    return ok(f"open files: {shown}", limit=None if hard == resource.RLIM_INFINITY else hard)


def _processes(settings: Settings, cpus: int, servers: int, cgroup: Path) -> Finding:
    """Threads count as processes, for cgroup and ulimit."""
    workers = settings.workers or min(cpus, _MOST_WORKERS)
    needed = workers * (settings.threads + 8) + servers * (_THREADS_EACH + 2 * cpus) + 16
    left = machine.processes_left(cgroup)
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    if left is None and hard != resource.RLIM_INFINITY and os.geteuid() != 0:
        left = hard
    if left is not None and left < needed:
        fix = f"raise the limit by {needed - left} (docker run --pids-limit, ulimits nproc)"
        return warn(f"{left} more processes and threads are allowed, and about {needed} are needed", fix)
    shown = "no limit" if left is None else f"{left} more allowed"
    return ok(f"processes and threads: {shown}, about {needed} needed", left=left, needed=needed)


def _memory(patient: Patient, servers: int) -> Finding:
    limit = machine.memory_limit(patient.around.cgroup) or _physical(patient.around.proc)
    if not limit:
        return note("how much memory there is cannot be told")
    if patient.bundle is None:
        return ok(f"memory: {space.mib(limit)}", limit=limit)
    size = _size(patient.bundle)
    needed = (_PROCESS + _COPIES * size) * servers
    guess = f"about {space.mib(needed)} for {counted(servers, 'server')} of a model of {space.mib(size)}"
    told = f"{guess}, roughly"
    if needed > limit:
        fix = "give the container more memory, or lower SAGEMAKER_TFS_INSTANCE_COUNT"
        return warn(f"memory: {space.mib(limit)}, and {told}", fix, limit=limit, needed=needed)
    return ok(f"memory: {space.mib(limit)}; {told}", limit=limit, needed=needed)


def _size(bundle: Bundle) -> int:
    """Bytes of all versions of all models."""
    folders = [
        (model.base_path / str(version)).resolve() for model in bundle.models for version in model.versions
    ]
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def _physical(proc: Path) -> int:
    """Bytes of memory of the machine; 0 when not told."""
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return 0
    total = next((line for line in lines if line.startswith("MemTotal:")), "MemTotal: 0 kB")
    return int(total.split()[1]) << 10
