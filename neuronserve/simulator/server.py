"""``python -m neuronserve.simulator.server``: a pretended ``tensorflow_model_server_neuron``.

The embedded server with TF Serving's flags, gRPC and REST, below the rules of the Neuron runtime. Nothing
runs on Neuron hardware, and everything says so: its first log line, GetModelStatus, REST, ``--version``.

What it does as the real one: it owns cores exclusively and to its end, refuses what the runtime refuses
with the runtime's lines, and ignores SIGTERM. What it does otherwise: the real one initialises the runtime
at the first run of a compiled model (``NeuronFunction::MaybeInit`` of aws-neuron-tensorflow), and then
fails that run; here cores are taken at the start, and models checked when they are loaded, so that a wrong
combination shows at once.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from neuronserve import __version__
from neuronserve.cpuserver import flags, logs
from neuronserve.cpuserver.flags import Flags
from neuronserve.cpuserver.status import StatusError
from neuronserve.errors import NeuronserveError
from neuronserve.instances import InstanceType
from neuronserve.simulator import host, late, nrt, ownership, rules
from neuronserve.simulator.commands import Commands
from neuronserve.simulator.faults import Faults
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.loading import Loading
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.occupancy import Occupancy
from neuronserve.simulator.options import Options
from neuronserve.simulator.ownership import Owned
from neuronserve.simulator.running import Chips

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
    for name in chosen.ignored:
        _log.info("--%s has no effect in this server", name)
    try:
        _serve(chosen, arguments, environ)
    except NrtError as error:
        for line in error.lines:
            nrt.log(line)
        print(f"Failed to start server. Error: UNAVAILABLE: {error}", file=sys.stderr)
    except (StatusError, NeuronserveError) as error:
        print(f"Failed to start server. Error: {error}", file=sys.stderr)
    return _FAILED


def _serve(chosen: Flags, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Returns never: only a signal ends this server."""
    options = Options.from_environ(environ)
    pretended = host.attach(options.host)
    owned = _take(pretended, environ)
    # before threads start, and before anything large is loaded
    if options.free_seconds:
        late.keep_after_the_end(owned, options.free_seconds, pretended.folder)
    from neuronserve.artifact.inspect.look import compiled
    from neuronserve.cpuserver import server, settings

    built = settings.from_flags(_as_on(pretended.instance, chosen, arguments))
    tag = environ.get("NEURON_PROCESS_TAG", "")
    chips = Chips(Occupancy(len(owned.cores)), owned.host_cores, Faults(), options.service_seconds)
    Commands(chips, {"simulated": True, "pid": os.getpid(), "tag": tag}).listen(
        pretended.socket(owned.host_cores[0])
    )
    loading = Loading(chips, pretended.instance.generation, options.load_seconds, compiled)
    server.run(built, prepare=loading.prepare, note=SAID, stops=())


def _take(pretended: SimulatedHost, environ: Mapping[str, str]) -> Owned:
    request = rules.wanted(environ, len(pretended.cores))
    owned = ownership.take(pretended, request, environ.get("NEURON_PROCESS_TAG", ""), " ".join(sys.argv))
    _log.info(
        "Owns the simulated NeuronCores %d-%d of a pretended %s",
        owned.cores[0],
        owned.cores[-1],
        pretended.instance.name,
    )
    return owned


def _as_on(instance: InstanceType, chosen: Flags, arguments: Sequence[str]) -> Flags:
    """The flags whose defaults depend on the machine, as on the pretended one: waiting needs no CPU."""
    given = {argument.removeprefix("--").partition("=")[0] for argument in arguments}
    threads = 4 * instance.vcpus
    return dataclasses.replace(
        chosen,
        grpc_max_threads=chosen.grpc_max_threads if "grpc_max_threads" in given else threads,
        rest_api_num_threads=chosen.rest_api_num_threads if "rest_api_num_threads" in given else threads,
    )


if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # as the embedded server does: a thread of TensorFlow must not hold up the exit
