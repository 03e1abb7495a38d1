"""Whom the model servers run as: where it can be, somebody who may read the models and little else."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from neuronserve import privileges
from neuronserve.boot.cores import Ground
from neuronserve.privileges import Account, Accounts

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch

_log = logging.getLogger("serve")
_VERSION_SECONDS = 20.0


def of_model_servers(
    accounts: Accounts, launches: tuple[Launch, ...], ground: Ground, trees: Iterable[Path]
) -> Account | None:
    """None: as ``serve`` itself. ``trees``: what they load.

    A model that serves as root has to serve: where the other user may not read it, or the program, or may not
    open a device, they stay root, and the log says why.
    """
    account = accounts.model_server
    if account is None or not launches:
        return None
    with_devices = privileges.with_devices(account, _devices(ground))
    if with_devices is None:
        lacks, do = "open the Neuron devices", "chmod 0666 them, as the driver makes them"
    elif closed := privileges.first_closed(with_devices, _program(launches[0]), runs=True):
        lacks, do = f"read {closed}", "install the program where others may read it"
    elif not _starts(with_devices, launches[0]):
        lacks, do = f"run {launches[0].argv[0]} --version", "install it, and what it needs, for all users"
    elif unreadable := _first_unreadable(with_devices, trees):
        lacks, do = f"read {unreadable}", "make the model readable for everybody: chmod -R a+rX"
    else:
        return with_devices
    _log.warning("model servers run as root: user %s may not %s (%s)", account.name, lacks, do)
    return None


def _first_unreadable(account: Account, trees: Iterable[Path]) -> Path | None:
    return next(filter(None, (privileges.first_unreadable(account, tree) for tree in trees)), None)


def _devices(ground: Ground) -> Iterable[Path]:
    if ground.host is None or ground.simulated:
        return ()
    return sorted(ground.roots.dev.glob("neuron[0-9]*"))


def _starts(account: Account, launch: Launch) -> bool:
    """Whether a program that is not ours works for that user: a script may lead anywhere.

    Asked for its version, which every TensorFlow Serving tells, with exit code 0 (model_servers/main.cc).
    """
    if "-m" in launch.argv:
        return True
    try:
        asked = subprocess.run(
            [launch.argv[0], "--version"],
            env=dict(launch.env), cwd="/", timeout=_VERSION_SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **account.becoming(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _program(launch: Launch) -> Iterable[Path]:
    """What has to be read before the first model: the program, and for one of ours its package."""
    found = shutil.which(launch.argv[0], path=launch.env.get("PATH"))
    package = launch.env.get("PYTHONPATH", "").split(os.pathsep) if "-m" in launch.argv else []
    own = (Path(sys.base_prefix),) if launch.argv[0] == sys.executable else ()
    return itertools.chain([Path(found)] if found else [], map(Path, filter(None, package)), own)
