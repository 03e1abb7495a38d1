"""``python -m neuronserve.gateway.handlers CODE PACKAGES [separate]``: can ``inference.py`` be loaded?

Run at the start, once, beside a worker's own modules. What the script prints goes where it goes; then comes
one line for the caller: MARK and JSON, with ``handlers`` and ``warnings``, or with ``error`` and ``hint``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from neuronserve.artifact.handlercheck import MARK
from neuronserve.gateway import service  # noqa: F401  what a worker has loaded
from neuronserve.gateway.handlers import blame, folders, loaded
from neuronserve.gateway.handlers.script import Unusable


def main(arguments: list[str]) -> int:
    code = Path(arguments[0])
    told: dict[str, str]
    try:
        found = loaded.load(code, arguments[1], separate="separate" in arguments[2:])
    except Unusable as error:
        told = {"error": str(error), "hint": "see the handlers' contract in the documentation"}
    except BaseException as error:  # noqa: BLE001  it may also call sys.exit()
        print(blame.trace(error, code), flush=True)
        told = {
            "error": f"code/inference.py cannot be loaded: {blame.told(error, code)}",
            "hint": _hint(error),
        }
    else:
        told = {"handlers": str(found.script), "warnings": "\n".join(_warnings(code))}
    print(f"\n{MARK}{json.dumps(told)}", flush=True)
    return 1 if "error" in told else 0


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        return f"bring {top} with code/requirements.txt, or in code/lib"
    return "correct it; the log has the traceback"


def _warnings(code: Path) -> list[str]:
    names = folders.shadowed(code)
    return [f"code/{name}.py hides a module of Python's library: rename it" for name in names]


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that the script has started are not waited for
