"""The service, started once: what only its own programs can say, and the exit code in which that ends.

Whether TensorFlow Serving takes the graph, its tags, ops and variables; the warm-up and the golden answers;
nginx and gunicorn with their settings.
"""

from __future__ import annotations

from neuronserve import exitcodes
from neuronserve.doctor.checks import model
from neuronserve.doctor.finding import Finding, Level, Outcome, ok, skip, split_advice, warn
from neuronserve.doctor.patient import Patient
from neuronserve.doctor.starting import StartResult
from neuronserve.modelserver import programs

_UNCOVERED = "whether the model loads and answers is not looked at, and the exit code does not cover it"


def check(patient: Patient) -> Outcome:
    reason = _reason(patient)
    if reason or patient.scratch is None:
        return Outcome((skip(f"{reason}: {_UNCOVERED}"),))
    environ = model.environment(patient, patient.scratch)
    seconds = min(patient.settings.load_seconds, patient.wants.start_seconds)
    result = patient.around.start(environ, patient.scratch / "serve.log", seconds)
    return Outcome((_finding(result, seconds), *(warn(line) for line in result.warnings)))


def _reason(patient: Patient) -> str:
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
    if model.is_kept_from_shared_code(patient):
        return "not started: the code that all models share would be fetched, and --no-network forbids it"
    if patient.kind == programs.NEURON and wants.start is None:
        return "not started: it would take the NeuronCores; --start does so, and gives them back"
    return ""


def _finding(result: StartResult, seconds: float) -> Finding:
    if result.ready:
        return ok(f"ready after {result.seconds:.1f} s, and stopped again", seconds=result.seconds)
    if result.code is not None:
        return _failed(result, result.code)
    step = f" (step: {result.step})" if result.step else ""
    return skip(f"not ready within {seconds:g} s{step}; --timeout gives it longer: {_UNCOVERED}")


def _failed(result: StartResult, code: int) -> Finding:
    failure = result.failure
    message = str(failure.get("error", "")) or f"serve ended with {code}, and did not say why"
    message, fix = split_advice(message, str(failure.get("hint", "")))
    if code not in exitcodes.MEANINGS:
        code = exitcodes.INTERNAL
    return Finding(
        Level.FAIL, message, fix or "see what ./serve says", str(failure.get("code", "")) or "start", code
    )
