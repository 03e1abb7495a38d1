"""The heap of this process: what a model took of it goes back to the system when the model is gone.

glibc keeps what is freed, in an arena for each thread that ever allocated, and does not look into the others
for the next model: a server grew by twice the graph with each load and unload.
"""

from __future__ import annotations

import ctypes
import gc

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it


def give_back() -> None:
    """Takes some milliseconds; other threads go on."""
    gc.collect()
    if _trim is not None:
        _trim(0)
