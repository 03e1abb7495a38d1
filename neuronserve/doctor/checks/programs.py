"""The programs a service is made of: nginx, gunicorn, and the model server."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import neuronserve
from neuronserve.doctor.finding import Finding, Outcome, fault, ok, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import FrontError, GatewayError, ModelServerError
from neuronserve.modelserver import programs

_SECONDS = 10.0
_INSTALL_TENSORFLOW = "name a Python that has TensorFlow with SERVE_CPU_PYTHON"

# Found by its metadata: importing TensorFlow takes seconds and half a gigabyte.
_ASK = """
import importlib.metadata as m, importlib.util as u, json
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return ""
names = ("tensorflow-cpu", "tensorflow", "tensorflow-cpu-aws", "intel-tensorflow")
found = next(filter(None, map(version, names)), "") if u.find_spec("tensorflow") else None
print(json.dumps({"tensorflow": found, "neuronserve": u.find_spec("neuronserve") is not None}))
"""


def check(patient: Patient) -> Outcome:
    """Learns the kind of model server."""
    nginx, nginx_version = _nginx(patient)
    gunicorn, gunicorn_version = _gunicorn()
    try:
        kind = programs.choose(patient.settings, which=_which(patient))
    except ModelServerError as error:
        server, server_version, kind = fault(error), "", ""
    else:
        ask = _embedded if kind in (programs.CPU, programs.SIMULATOR) else _binary
        server, server_version = ask(patient, kind)
    versions = patient.with_versions(
        nginx=nginx_version,
        gunicorn=gunicorn_version,
        model_server=server_version,
        neuronserve=neuronserve.__version__,
    )
    return Outcome((nginx, gunicorn, server), {"kind": kind, "versions": versions})


def _which(patient: Patient) -> programs.Which:
    return lambda name: patient.around.program(name, patient.environ)


def _nginx(patient: Patient) -> tuple[Finding, str]:
    program = patient.around.program("nginx", patient.environ)
    if program is None:
        return fault(FrontError("nginx is not installed", hint="apt-get install nginx")), ""
    ran = patient.around.run([program, "-v"], _SECONDS)
    found = re.search(r"nginx/(\S+)", ran.err + ran.out)
    if not found:
        said = ran.why or f"ended with {ran.code}"
        return fault(FrontError(f"{program} -v {said}", hint="install nginx again")), ""
    return ok(f"nginx {found[1]}: {program}", version=found[1], path=program), found[1]


def _gunicorn() -> tuple[Finding, str]:
    try:
        version = importlib.metadata.version("gunicorn")
    except importlib.metadata.PackageNotFoundError:
        hint = "install requirements/gateway.txt into it, or use the image's Python"
        return fault(GatewayError(f"{sys.executable} has no gunicorn", hint=hint)), ""
    return ok(f"gunicorn {version}: {sys.executable}", version=version), version


def _embedded(patient: Patient, kind: str) -> tuple[Finding, str]:
    """The embedded server, and the simulator around it: a Python that has TensorFlow."""
    python, *module = programs.command(kind, patient.settings)
    name = f"the {kind} model server"
    ran = patient.around.run([python, "-c", _ASK], _SECONDS, _environment(patient))
    if ran.code != 0:
        why = ran.why or f"ended with {ran.code}: {ran.err.strip()[-200:]}"
        return fault(ModelServerError(f"{name}: {python} {why}", hint=_INSTALL_TENSORFLOW)), ""
    told = json.loads(ran.out)
    if told["tensorflow"] is None:
        return fault(ModelServerError(f"{name}: {python} has no TensorFlow", hint=_INSTALL_TENSORFLOW)), ""
    version = f"TensorFlow {told['tensorflow'] or 'of an unknown version'}"
    return ok(f"{name}: {version}, {python} {' '.join(module)}", kind=kind, version=version), version


def _binary(patient: Patient, kind: str) -> tuple[Finding, str]:
    """A program's ``--version`` ends before it looks at any model or core."""
    [program] = programs.command(kind, patient.settings, which=_which(patient))
    ran = patient.around.run([program, "--version"], _SECONDS, _environment(patient))
    line = next((line.strip() for line in (ran.out + ran.err).splitlines() if line.strip()), "")
    if ran.code != 0:
        why = ran.why or f"ended with {ran.code}: {line[:200]}"
        hint = "see what it lacks with ldd, and LD_LIBRARY_PATH=/opt/aws/neuron/lib"
        return warn(f"the {kind} model server: {program} --version {why}", hint, kind=kind, path=program), ""
    return ok(
        f"the {kind} model server: {line or program}, {program}", kind=kind, path=program, version=line
    ), line


def _environment(patient: Patient) -> dict[str, str]:
    """As model servers are started: the package is found wherever they are."""
    root = str(Path(neuronserve.__file__).resolve().parents[1])
    return {**patient.environ, "PYTHONPATH": f"{root}:{patient.environ.get('PYTHONPATH', '')}".rstrip(":")}
