"""The Neuron runtime's own words: its status codes, log lines and errors, as its users see them.

Sources: ``nrt_status.h`` (AWS Neuron SDK); ``runtime/direct/adaptor.cc`` of aws-neuron-tensorflow, whose
errors reach the client; log lines quoted in AWS's documentation ("Neuron Runtime Troubleshooting") and in
aws-neuron-sdk issues 820, 823, 351 and 1018. What no source confirms is marked ``[?]`` where it is used.
"""

from __future__ import annotations

import enum
import os
import sys
import threading
import time
from datetime import UTC, datetime

SIMULATED = "[simulated Neuron runtime]"  # ends each error that leaves the server


class Nrt(enum.IntEnum):
    """``NRT_STATUS``, as far as it is needed."""

    FAILURE = 1
    INVALID = 2
    TIMEOUT = 5
    HW_ERROR = 6
    LOAD_NOT_ENOUGH_NC = 9
    UNSUPPORTED_NEFF_VERSION = 10
    EXEC_BAD_INPUT = 1002
    EXEC_COMPLETED_WITH_ERR = 1004

    @property
    def text(self) -> str:
        """As tensorflow-neuron words it."""
        return _TEXTS[self]


_TEXTS = {
    Nrt.FAILURE: "Non specific failure",
    Nrt.INVALID: "Invalid argument",
    Nrt.TIMEOUT: "Operation timed out",
    Nrt.HW_ERROR: "Hardware failure",
    Nrt.LOAD_NOT_ENOUGH_NC: "Failed to allocate enough NeuronCores for loading a NEFF",
    Nrt.UNSUPPORTED_NEFF_VERSION: "Unsupported version of NEFF",
    Nrt.EXEC_BAD_INPUT: "Invalid input has been submitted to exec()",
    Nrt.EXEC_COMPLETED_WITH_ERR: "Execution was completed with other errors",
}


class NrtError(Exception):
    """A call of the runtime that failed: its status, and the lines that it logged."""

    def __init__(self, status: Nrt, call: str, *lines: str) -> None:
        super().__init__(failure(call, status))
        self.status = status
        self.lines = lines


def failure(call: str, status: Nrt) -> str:
    """What TensorFlow's error says: ``nrt_load: status=10, error message="...".``."""
    return f'{call}: status={int(status)}, error message="{status.text}". {SIMULATED}'


def log_line(module: str, function: str, text: str) -> str:
    """A line of level ERROR in the runtime's form: time, ``pid:tid``, level, ``MODULE:function``, text."""
    now = datetime.fromtimestamp(time.time(), UTC)
    process = f"{os.getpid():>5}:{threading.get_native_id():<5}"
    return f"{now:%Y-%b-%d %H:%M:%S.%f} {process} {'ERROR':>5} {module:>5}:{function:<40}{text}"


def log(line: str) -> None:
    """To stderr as it is, where the runtime writes by default, past the server's own form of lines."""
    print(line, file=sys.stderr, flush=True)
