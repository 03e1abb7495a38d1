"""Keeps cores owned for a while after their owner is gone, as a chip that is being reset does.

A program of its own, run by path, with nothing but the standard library: it starts in a moment and costs
little while it waits. It has copies of the owner's locks and reads from a pipe that only the owner can
write to: at its end, the owner is gone. It leaves at once when the host's folder is gone.

Arguments: descriptor of the pipe, seconds, folder.
"""

import os
import select
import signal
import sys
import time

_LOOK_SECONDS = 0.5  # how often it looks for the folder


def keep(pipe: int, seconds: float, folder: str) -> None:
    while os.access(folder, os.F_OK) and not select.select([pipe], [], [], _LOOK_SECONDS)[0]:
        pass
    end = time.monotonic() + seconds
    while os.access(folder, os.F_OK) and time.monotonic() < end:
        time.sleep(min(_LOOK_SECONDS, max(0.0, end - time.monotonic())))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
