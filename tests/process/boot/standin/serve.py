"""``serve`` with a stand-in gateway, and with a stand-in fetch where STANDIN_FETCH names one."""

import os
import sys
from pathlib import Path

from neuronserve.boot import fetch, program

program.ROOT = Path(__file__).parent
_real = fetch.command


def _command(*arguments, **named):
    import dataclasses

    command = _real(*arguments, **named)
    script = os.environ.get("STANDIN_FETCH")
    return dataclasses.replace(command, argv=(sys.executable, "-c", script)) if script else command


fetch.command = _command

if __name__ == "__main__":
    sys.exit(program.main(sys.argv[1:], os.environ))
