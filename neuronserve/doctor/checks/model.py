"""What is in the model: layout, signatures, what was compiled into it, what came along."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from neuronserve.artifact import sharedcode, space
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.location import S3Location
from neuronserve.doctor.checks import recordings, versions
from neuronserve.doctor.finding import Finding, Level, Outcome, fault, ok, skip, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import ArtifactError, DiskFull

_WARNING = re.compile(r"WARNING (neuronserve\.\S+): (.+)")


def check(patient: Patient) -> Outcome:
    """Learns the bundle."""
    if patient.settings.multi_model:
        return Outcome((ok("none at the start; each is looked into when it is loaded"), *_shared(patient)))
    if patient.scratch is None:
        return Outcome((skip("there is no writable folder to lay it out in"),))
    if isinstance(patient.at, S3Location) and not _here(patient):
        return Outcome((skip("it would have to be downloaded: --download does so, and removes it again"),))
    room = _no_room(patient, patient.scratch)
    if room:
        return Outcome((room,))
    got = _obtained(patient, patient.scratch)
    if isinstance(got, Finding):
        return Outcome((got,))
    bundle, said = got
    findings = [_layout(bundle), *_code(bundle)]
    for model in bundle.models:
        for compiled in model.compiled:
            findings += versions.findings(model, compiled, patient.kind)
    told = [one.message.partition(": ")[2] for one in findings if one.level is Level.WARN]
    findings += [one for one in said if not any(one.message.endswith(what) for what in told)]
    findings += recordings.findings(bundle, patient.settings)
    return Outcome(tuple(findings), {"bundle": bundle})


def _shared(patient: Patient) -> list[Finding]:
    """The code that all models share: a start makes it ready before the first one comes."""
    if not sharedcode.at_start(patient.settings):
        return []
    if patient.scratch is None:
        return [skip("there is no writable folder to make the code ready in that all models share")]
    if is_kept_from_shared_code(patient):
        return [skip("the code that all models share is not asked for: --no-network")]
    got = _obtained(patient, patient.scratch, "--only-shared-code")
    if isinstance(got, Finding):
        return [got]
    bundle, said = got
    return [ok("the code that all models share can be loaded", code=bundle.code), *said]


def is_kept_from_shared_code(patient: Patient) -> bool:
    """Whether the code that all models share lies in S3, which may not be asked."""
    settings = patient.settings
    return sharedcode.at_start(settings) and not patient.wants.network and not sharedcode.folders(settings)


def _here(patient: Patient) -> bool:
    return patient.wants.download or (patient.stored is not None and patient.stored.kept is not None)


def _no_room(patient: Patient, scratch: Path) -> Finding | None:
    """A download for the doctor's sake must not fill the disk of a service that runs."""
    stored = patient.stored
    if stored is None or stored.kept is not None:
        return None
    needed, free = stored.unpacked + stored.size + space.MARGIN, space.free(scratch)
    if free >= needed:
        return None
    message = f"{stored.source} needs {space.mib(needed)} to be looked into, and {space.mib(free)} are free"
    return fault(DiskFull(message, hint="set TMPDIR to a folder with more room for this check"))


def _obtained(patient: Patient, scratch: Path, *options: str) -> tuple[Bundle, list[Finding]] | Finding:
    """The bundle, and the warnings on the way; by the same program as a start, with a cache of its own."""
    work = scratch / "model"
    argv = [sys.executable, "-P", "-m", "neuronserve.artifact", "--work-dir", str(work)]
    argv += ["--default-model-dir", str(patient.around.default_model_dir), *options]
    environ = {**environment(patient, scratch), "SERVE_LOG_LEVEL": "warning"}
    ran = patient.around.run(argv, _seconds(patient), environ)
    event = _last_event(ran.out)
    if event.get("event") == "bundle":
        said = [warn(found[2]) for found in map(_WARNING.match, ran.err.splitlines()) if found]
        return Bundle.from_dict(event["bundle"]), said
    if event.get("event") == "error" and ran.code:
        return Finding(Level.FAIL, event["error"], event.get("hint", ""), event["code"], ran.code)
    why = ran.why or f"ended without a result ({ran.code}): {ran.err.strip()[-300:]}"
    return fault(
        ArtifactError(f"the program that gets the model {why}", hint="give --timeout for a large model")
    )


def _seconds(patient: Patient) -> float:
    """How long looking into it may take."""
    return 1800.0 if patient.wants.download else 110.0


def environment(patient: Patient, scratch: Path) -> dict[str, str]:
    """The service's own, with a cache that is removed at the end."""
    package = Path(__file__).resolve().parents[3]
    chosen = {
        **patient.environ,
        "PYTHONPATH": str(package),
        "SERVE_CACHE_DIR": str(scratch / "cache"),
    }
    kept = patient.stored.kept if patient.stored else None
    if kept is not None:  # served from where it lies; its digest was compared when it was fetched
        chosen["MODEL_URI"] = str(kept)
        for name in ("COMPILATION_JOB", "MODEL_DIGEST"):
            chosen.pop(name, None)
    return chosen


def _last_event(out: str) -> dict[str, Any]:
    lines = out.strip().splitlines()
    try:
        event = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _layout(bundle: Bundle) -> Finding:
    told = [f"{model.name} (version {', '.join(map(str, model.versions))})" for model in bundle.models]
    beside = f"; beside them: {', '.join(bundle.extras)}" if bundle.extras else ""
    default = f"; {bundle.default_model!r} for requests that name none" if len(told) > 1 else ""
    return ok(f"{', '.join(told)}{default}{beside}", models=_names(bundle.models), extras=list(bundle.extras))


def _code(bundle: Bundle) -> list[Finding]:
    """By now its requirements were installed and it was loaded, in folders of the doctor's own."""
    if not bundle.code:
        return []
    needs = "; its code/requirements.txt can be installed" if bundle.packages else ""
    return [ok(f"requests go through code/inference.py, which can be loaded{needs}", code=bundle.code)]


def _names(models: tuple[BundledModel, ...]) -> dict[str, list[int]]:
    return {model.name: list(model.versions) for model in models}
