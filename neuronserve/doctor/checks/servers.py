"""The model servers as they would be started: ports, batching, everything that their plan refuses."""

from __future__ import annotations

import dataclasses

from neuronserve import machine
from neuronserve.doctor.finding import Finding, Outcome, counted, fault, note, ok
from neuronserve.doctor.patient import Patient
from neuronserve.errors import FrontError, ModelServerError
from neuronserve.modelserver import launch
from neuronserve.modelserver.launch import Launch
from neuronserve.modelserver.sizing import sized


def check(patient: Patient) -> Outcome:
    settings, bundle = patient.settings, patient.bundle
    known = settings.multi_model or bundle is not None
    if not known or patient.allotment is None or patient.scratch is None:
        return Outcome((note("not planned: see model and cores"),))
    launches = launch.plan(
        settings,
        tuple(
            dataclasses.replace(model, compiled=sized(model.compiled, settings))
            for model in (bundle.models if bundle else ())
        ),
        patient.allotment.owners,
        patient.scratch,
        patient.environ,
        patient.kind,
        tcp=settings.handler_ports and (settings.multi_model or bool(bundle and bundle.code)),
    )
    findings = [_told(launches, patient.kind)]
    if settings.safe_port_range and patient.running is None:
        findings += _taken(launches)
    return Outcome(tuple(findings))


def _told(launches: tuple[Launch, ...], kind: str) -> Finding:
    joining = (
        "joining requests into batches" if any(one.files for one in launches if len(one.files) > 1) else ""
    )
    ports = [one.rest_port for one in launches if one.rest_port]
    message = f"{counted(len(launches), f'{kind} model server')}{', ' + joining if joining else ''}"
    return ok(message, servers=len(launches), kind=kind, rest_ports=ports)


def _taken(launches: tuple[Launch, ...]) -> list[Finding]:
    """The ports of the safe range are used in their order, whoever has them."""
    taken = []
    for port in (port for one in launches for port in (one.rest_port, one.grpc_port) if port):
        try:
            machine.must_be_free(port)
        except FrontError:
            taken.append(port)
    if not taken:
        return []
    message = f"SAGEMAKER_SAFE_PORT_RANGE: port {', '.join(map(str, taken))} is taken"
    return [
        fault(ModelServerError(message, hint="name a range of free ports, or leave it unset"), ports=taken)
    ]
