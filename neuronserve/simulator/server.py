"""``python -m neuronserve.simulator.server``: a pretended ``tensorflow_model_server_neuron``.

The embedded server with TF Serving's flags, gRPC and REST, below the rules of the Neuron runtime. Nothing
runs on Neuron hardware, and everything says so: its first log line, GetModelStatus, REST, ``--version``.

As the real one it owns cores exclusively and to its end, refuses what the runtime refuses with the
runtime's lines, and ignores SIGTERM. Otherwise than the real one: that initialises the runtime and loads an
executable at the first run of a compiled model (``NeuronRoutine::MaybeInit`` of aws-neuron-tensorflow), and
when it fails, that run does. Here a server that is given a compiled model takes cores at its start, or ends;
and models are checked when they are loaded. So a wrong combination shows at once. A server without any
compiled model takes no core.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from neuronserve import __version__
from neuronserve.cpuserver import flags, logs
from neuronserve.cpuserver.flags import Flags
from neuronserve.cpuserver.models import disk
from neuronserve.cpuserver.models.config import ModelConfig
from neuronserve.cpuserver.status import StatusError
from neuronserve.errors import NeuronserveError
from neuronserve.instances import InstanceType
from neuronserve.simulator import host
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.options import Options

SAID = "SIMULATED Neuron model server: nothing runs on Neuron hardware"
_PROGRAM = "neuronserve.simulator.server"
_FAILED = 255
_log = logging.getLogger("neuronserve.simulator")  # also where this module is __main__


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit codes are TF Serving's: 255 for whatever keeps it from serving."""
    if "--help" in arguments:
        print(f"{SAID}\n{flags.usage(_PROGRAM)}")
        return 0
    try:
        chosen = flags.parse(arguments)
    except flags.FlagError as error:
        print(f"{error}\n{flags.usage(_PROGRAM)}", file=sys.stderr)
        return _FAILED
    if chosen.version:
        print(f"TensorFlow ModelServer: SIMULATED, neuronserve {__version__}\n{SAID}")
        return 0
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logs.set_up()
    _log.warning(SAID)
    if chosen.unknown:
        print(flags.usage_after_unknown(chosen, _PROGRAM), flush=True)
    for name in chosen.ignored:
        _log.info("--%s has no effect in this server", name)
    try:
        _serve(chosen, arguments, environ)
    except NrtError as error:
        print(f"Failed to start server. Error: UNAVAILABLE: {error}", file=sys.stderr)
    except (StatusError, NeuronserveError, OSError) as error:
        print(f"Failed to start server. Error: {error}", file=sys.stderr)
    return _FAILED


def _serve(chosen: Flags, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Returns never: only a signal ends this server."""
    options = Options.from_environ(environ)
    pretended = host.attach(options.host)

    from neuronserve.artifact.inspect import look, scan
    from neuronserve.cpuserver import server, settings
    from neuronserve.simulator.loading import Loading
    from neuronserve.simulator.runtime import Runtime

    built = settings.from_flags(_as_on(pretended.instance, chosen, arguments))
    runtime = Runtime(pretended, options, environ)
    if any(scan.mentions_neuron(folder) for model in built.models for folder in _versions(model)):
        runtime.chips()
    loading = Loading(runtime.chips, runtime.faults, runtime.generation, options.load_seconds, look.compiled)
    server.run(built, prepare=loading.prepare, note=SAID, stops=())


def _versions(model: ModelConfig) -> Collection[Path]:
    """The folders of those that will be served; none when there is no such model yet."""
    try:
        return disk.aspired(model).values()
    except StatusError:
        return ()


def _as_on(instance: InstanceType, chosen: Flags, arguments: Sequence[str]) -> Flags:
    """As many gRPC threads as by default on the pretended machine: waiting for a core needs no CPU."""
    given = {argument.removeprefix("--").partition("=")[0] for argument in arguments}
    return (
        chosen
        if "grpc_max_threads" in given
        else dataclasses.replace(chosen, grpc_max_threads=4 * instance.vcpus)
    )


if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # as the embedded server does: a thread of TensorFlow must not hold up the exit
