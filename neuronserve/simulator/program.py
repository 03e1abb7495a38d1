"""The simulator as a program with the name of the real one, for ``MODEL_SERVER_BINARY`` and ``PATH``."""

from __future__ import annotations

import shlex
from pathlib import Path

import neuronserve

NAME = "tensorflow_model_server_neuron"


def install(folder: Path, python: Path) -> Path:
    """Write ``folder/tensorflow_model_server_neuron``, which runs the simulated server with ``python``.

    Its second line says that it is simulated. Returns its path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, package = folder / NAME, Path(neuronserve.__file__).resolve().parent.parent
    path.write_text(
        "#!/bin/sh\n"
        "# SIMULATED: not the model server of AWS; nothing runs on Neuron hardware\n"
        f'export PYTHONPATH={shlex.quote(str(package))}"${{PYTHONPATH:+:$PYTHONPATH}}"\n'
        f'exec {shlex.quote(str(python))} -m neuronserve.simulator.server "$@"\n'
    )
    path.chmod(0o755)
    return path
