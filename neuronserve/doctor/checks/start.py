"""The service, started once: what only its own programs can say, and the exit code in which that ends.

Whether TensorFlow Serving takes the graph, its tags, ops and variables; the warm-up and the golden answers;
nginx and gunicorn with their settings.
"""

from __future__ import annotations

from neuronserve import exitcodes
from neuronserve.doctor.checks import model
from neuronserve.doctor.finding import Finding, Level, Outcome, ok, parted, skip, warn
from neuronserve.doctor.patient import Patient
from neuronserve.doctor.starting import Started
from neuronserve.modelserver import programs

_UNCOVERED = "whether the model loads and answers is not looked at, and the exit code does not cover it"


def check(patient: Patient) -> Outcome:
    why = _left_out(patient)
    if why or patient.scratch is None:
        return Outcome((skip(f"{why}: {_UNCOVERED}"),))
    environ = model.environment(patient, patient.scratch)
    seconds = min(patient.settings.load_seconds, patient.wants.start_seconds)
    started = patient.around.start(environ, patient.scratch / "serve.log", seconds)
    return Outcome((_finding(started, seconds), *(warn(line) for line in started.warnings)))


def _left_out(patient: Patient) -> str:
    """Why it is not started; empty: it is."""
    wants = patient.wants
    if wants.start is False:
        return "not started: --no-start"
    if patient.running is not None:
        return "not started beside the service that runs here, whose GET / and log tell"
    if patient.scratch is None:
        return "not started: there is no writable folder"
    if patient.bundle is None and not patient.settings.multi_model:
        return "not started: the model was not looked into"
    if patient.kind == programs.NEURON and wants.start is None:
        return "not started: it would take the NeuronCores; --start does so, and gives them back"
    return ""


def _finding(started: Started, seconds: float) -> Finding:
    if started.ready:
        return ok(f"ready after {started.seconds:.1f} s, and stopped again", seconds=started.seconds)
    if started.code is not None:
        return _failed(started, started.code)
    step = f" (step: {started.step})" if started.step else ""
    return skip(f"not ready within {seconds:g} s{step}; --timeout gives it longer: {_UNCOVERED}")


def _failed(started: Started, code: int) -> Finding:
    failure = started.failure
    message = str(failure.get("error", "")) or f"serve ended with {code}, and did not say why"
    message, fix = parted(message, str(failure.get("hint", "")))
    if code not in exitcodes.MEANINGS:
        code = exitcodes.INTERNAL
    return Finding(
        Level.FAIL, message, fix or "see what ./serve says", str(failure.get("code", "")) or "start", code
    )
