"""``python -m neuronserve.cpuserver``: a stand-in for ``tensorflow_model_server`` on CPU.

Exit codes are TF Serving's: 0 after SIGTERM, SIGINT or ``--version``; 255 for a wrong command line or
configuration, or when it cannot listen.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from neuronserve import __version__
from neuronserve.cpuserver import flags, logs
from neuronserve.cpuserver.status import StatusError
from neuronserve.errors import NeuronserveError

_FAILED = 255
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    if "--help" in arguments:
        print(flags.usage("neuronserve.cpuserver"))
        return 0
    try:
        chosen = flags.parse(arguments)
    except flags.FlagError as error:
        print(f"{error}\n{flags.usage('neuronserve.cpuserver')}", file=sys.stderr)
        return _FAILED
    if chosen.version:
        return _print_version()
    logs.set_up()
    if chosen.unknown:
        print(flags.usage_after_unknown(chosen, "neuronserve.cpuserver"), flush=True)
    for name in chosen.ignored:
        _log.info("--%s has no effect in this server", name)
    return _serve(chosen)


def _serve(chosen: flags.Flags) -> int:
    try:
        from neuronserve.cpuserver import server, settings

        server.run(settings.from_flags(chosen))
    except (StatusError, NeuronserveError) as error:
        print(f"Failed to start server. Error: {error}", file=sys.stderr)
        return _FAILED
    return 0


def _print_version() -> int:
    from neuronserve.cpuserver.runtime import library

    print(f"TensorFlow ModelServer: neuronserve {__version__}\nTensorFlow Library: {library.version()}")
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # past the grace a run of TensorFlow may still be under way; its thread must not hold up the exit
    os._exit(code)
