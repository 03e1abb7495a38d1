"""Cores that become free some time after their owner ended: starts the keeper (``keeper.py``)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from neuronserve.simulator.ownership import Owned

_PROGRAM = Path(__file__).with_name("keeper.py")


def keep_after_the_end(owned: Owned, seconds: float, folder: Path) -> subprocess.Popen[bytes]:
    """From now on, the cores stay owned for ``seconds`` after this process ended, however it ends.

    The keeper has a session of its own, so that a signal to this process's group leaves it alone, and
    none of its streams. Call it before threads and other children start.
    """
    reading, _writing = os.pipe()  # the writing end stays open here, and nowhere else, until the end
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROGRAM), str(reading), str(seconds), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        pass_fds=(reading, *owned.descriptors),
        start_new_session=True,
    )
    os.close(reading)
    return keeper
