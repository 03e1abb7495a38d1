"""Whether the model's ``inference.py`` can be loaded: tried by a program of its own, as a worker does it.

The program is the gateway's (``python -m neuronserve.gateway.handlers``): it loads what a worker loads, so
that a name which only there means something else shows at the start. What the script prints goes to the log.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuronserve import privileges
from neuronserve.artifact import imagepackages
from neuronserve.artifact.child import Child, TimeUp
from neuronserve.artifact.progress import HANDLER, Progress, Report
from neuronserve.errors import AccessDenied, BrokenHandler
from neuronserve.privileges import Account

log = logging.getLogger("handler")
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "neuronserve.gateway.handlers"
MARK = "neuronserve-handler: "  # before its one line for us


def check(
    code: Path,
    packages: str,
    seconds: float,
    report: Report,
    *,
    separate: bool,
    model_dir: str = "",
    account: Account | None = None,
) -> None:
    """``separate``: as on a multi-model endpoint; ``account``: whom workers run as.

    Raises BrokenHandler, and AccessDenied where a worker may not read it.
    """
    unreadable = privileges.first_unreadable(account, code) if account is not None else None
    if account is not None and unreadable is not None:
        raise AccessDenied(
            f"{unreadable} may not be read by user {account.name}, whom the model's own code runs as",
            hint="make the model readable for everybody: chmod -R a+rX; or set SERVE_GATEWAY_USER=root",
        )
    report(Progress(HANDLER, detail="code/inference.py"))
    told: dict[str, str] = {}

    def hear(line: str) -> None:
        if line.startswith(MARK):
            with contextlib.suppress(ValueError):  # the script may print the mark, too
                told.update(json.loads(line.removeprefix(MARK)))
        elif line:
            log.info("%s", line)

    argv = [sys.executable, "-P", "-m", _PROGRAM, str(code), packages, model_dir]
    argv += ["separate"] if separate else []
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        with _home(account) as home:
            status = Child(argv, {**env, **home}, cwd=Path("/"), hear=hear, account=account).run(seconds)
    except TimeUp:
        raise BrokenHandler(
            f"code/inference.py was not loaded within {seconds:g} s",
            hint="raise SERVE_INSTALL_SECONDS, or do less while it is imported",
        ) from None
    if "error" in told:
        raise BrokenHandler(told["error"], hint=told.get("hint", ""))
    if status or "handlers" not in told:
        raise BrokenHandler(f"loading code/inference.py ended the program (exit code {status})")
    log.info("code/inference.py: %s", told["handlers"])
    if imagepackages.folder() is not None:
        log.info("it runs with the packages of the image that this checkout builds: requirements/gateway.txt")
    for warning in filter(None, told.get("warnings", "").splitlines()):
        log.warning("%s", warning)


@contextlib.contextmanager
def _home(account: Account | None) -> Iterator[dict[str, str]]:
    """A home that another user may write, as workers have one."""
    if account is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="neuronserve-home-") as folder:
        os.chown(folder, account.uid, account.gid)
        yield {"HOME": folder}
