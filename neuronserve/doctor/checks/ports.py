"""The port the service would listen on: free, taken by somebody, or by a service that runs already."""

from __future__ import annotations

from neuronserve import machine
from neuronserve.doctor.finding import Outcome, fault, note, ok
from neuronserve.doctor.patient import Patient
from neuronserve.errors import FrontError


def check(patient: Patient) -> Outcome:
    """Learns what a running service tells of itself."""
    port = patient.settings.bind_port
    try:
        machine.must_be_free(port)
    except FrontError as error:
        about = patient.around.get(port, "/").body
        if about.get("service") == "neuronserve":
            state = str(about.get("state", ""))
            message = f"a neuronserve that is {state} listens on port {port} already"
            fix = "nothing to do if that is the one looked at; another needs its own SAGEMAKER_BIND_TO_PORT"
            return Outcome((note(message, fix, port=port, state=state),), {"running": about})
        ping = patient.around.get(port, "/ping").status
        who = f"somebody there answers /ping with {ping}" if ping else "nobody there answers /ping"
        return Outcome((fault(FrontError(f"{error.message}; {who}", hint=error.hint), port=port, ping=ping),))
    return Outcome((ok(f"port {port} is free", port=port),))
