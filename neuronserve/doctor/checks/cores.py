"""The NeuronCores: what there is, who would get what, and who holds them now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuronserve.doctor.finding import Finding, Outcome, counted, fault, note, ok, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import CoreConflict, NeuronserveError
from neuronserve.neuron import allotment, holders
from neuronserve.neuron.allotment import Allotment
from neuronserve.neuron.chips import Host
from neuronserve.neuron.grid import Grid, Range, overlap, text
from neuronserve.neuron.holders import Holder
from neuronserve.neuron.plan import Owner


def check(patient: Patient) -> Outcome:
    """Learns the allotment, also where there are no cores to own."""
    settings, host = patient.settings, patient.host
    if host is None:
        names = tuple(model.name for model in patient.bundle.models) if patient.bundle else ()
        owners = tuple(Owner(n, None, (), names) for n in range(settings.server_count or 1))
        return Outcome((ok("no NeuronCores are used"),), {"allotment": Allotment(owners)})
    grid = allotment.usable(host, settings)
    findings = [_usable(grid, host)]
    if (offset := allotment.core_offset(host, settings)) != settings.core_offset:
        findings.append(
            note(f"NEURON_RT_VISIBLE_CORES counts as the host does: the first core here is {offset}")
        )
    made = None
    if settings.multi_model:
        made = allotment.allot_vacant(host, settings)
        findings += _planned(made)
    elif patient.bundle is None:
        findings.append(
            note("what the model needs is not known: it was not looked into", "see the check model")
        )
    else:
        try:
            allotment.refuse_other_target(host, patient.bundle.target)
            made = allotment.allot(host, patient.bundle.models, settings)
        except NeuronserveError as error:
            findings.append(fault(error))
        else:
            findings += _planned(made)
    findings += _held(patient, host, grid, made)
    return Outcome(tuple(findings), {"allotment": made})


def _usable(grid: Grid, host: Host) -> Finding:
    there = sum(chip.cores or 0 for chip in host.chips)
    limited = f" of {there}" if grid.size < there else ""
    return ok(f"cores {text(grid.usable)} may be used: {grid.size}{limited}", usable=grid.size, there=there)


def _planned(made: Allotment) -> Iterator[Finding]:
    owners = [owner for owner in made.owners if owner.cores]
    if owners:
        ranges = ", ".join(owner.shown for owner in owners)
        yield ok(f"{counted(len(owners), 'model server')} would own {ranges}", servers=len(owners))
    for line in (made.map or {}).get("notes", ()):
        yield note(line)


def _held(patient: Patient, host: Host, grid: Grid, made: Allotment | None) -> Iterator[Finding]:
    """Holders, each with what it means: our own service, a stranger in the way, or of no matter."""
    offset = allotment.core_offset(host, patient.settings)
    found = holders.holders(patient.roots, host, core_offset=offset, neuron_ls=patient.around.neuron_ls)
    wanted = [owner.cores for owner in made.owners if owner.cores] if made else [grid.usable]
    for holder in found:
        yield _holder(holder, patient, wanted, offset, planned=made is not None)
    if not found:
        yield ok("nobody that can be seen from here holds a core")


def _holder(holder: Holder, patient: Patient, wanted: list[Range], offset: int, *, planned: bool) -> Finding:
    cores = _numbered(holder, offset)
    chips = ", ".join(f"neuron{chip}" for chip in holder.chips)
    where = f"cores {text(cores)}" if cores else f"cores of {chips}"
    who = f"process {holder.pid or 'of an unknown number'}" + (f" ({holder.tag})" if holder.tag else "")
    data: dict[str, Any] = {
        "pid": holder.pid,
        "tag": holder.tag,
        "command": holder.command,
        "cores": text(cores) if cores else "",
    }
    if _own(holder, cores, patient):
        return note(f"{where} are held by {who}: the service that runs here", **data)
    told = f"{where} are held by {who}{': ' + holder.command if holder.command else ''}"
    fix = (
        f"stop it (kill {holder.pid}), or leave its cores out with NEURON_RT_VISIBLE_CORES"
        if holder.pid
        else ("stop it on the host or in its container, or leave its cores out with NEURON_RT_VISIBLE_CORES")
    )
    if cores is None:
        return warn(f"{told}; which of them is not known", fix, **data)
    if not any(overlap(cores, one) for one in wanted):
        return note(f"{told}; they are not among those to use", **data)
    return fault(CoreConflict(told, hint=fix), **data) if planned else warn(told, fix, **data)


def _numbered(holder: Holder, offset: int) -> Range | None:
    """Its cores as programs number them."""
    return (holder.cores[0] + offset, holder.cores[1] + offset) if holder.cores else None


def _own(holder: Holder, cores: Range | None, patient: Patient) -> bool:
    """Whether the service that runs here says that it has a server with this tag and these cores."""
    servers = (patient.running or {}).get("servers") or []
    return cores is not None and any(
        server.get("cores") == text(cores) and holder.tag.endswith(f"-{server.get('server')}")
        for server in servers
    )
