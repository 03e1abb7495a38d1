"""``serve`` with the prototype of ``joining.py`` as its gateway; all else is the real thing."""

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from neuronserve.boot import gateway, main  # noqa: E402  found by the line above
from neuronserve.supervise.children import Command  # noqa: E402

_plain = gateway.command


def _command(root: Path, runtime: Path, environ: Mapping[str, str]) -> Command:
    made = _plain(root, runtime, environ)
    path = os.pathsep.join((str(ROOT), str(ROOT / "scripts")))
    return dataclasses.replace(
        made, argv=(*made.argv[:-1], "benchmark.joining:app"), env={**made.env, "PYTHONPATH": path}
    )


if __name__ == "__main__":
    gateway.command = _command
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
