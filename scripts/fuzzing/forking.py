"""Many cases in one forked child: as fast as calls, and a hang, a crash or a leak ends with the child."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable, Sequence

from fuzzing.corpus import Result

DEADLINE_SECONDS = 20.0
_MEMORY = 3 << 30  # bytes of address space a child may take beyond what it has
_AT_ONCE = 1 << 16

TryOne = Callable[[bytes], Result]


def run_all(cases: Sequence[bytes], try_one: TryOne, *, deadline: float = DEADLINE_SECONDS) -> list[Result]:
    """The result of each case, in order; those after a death or a hang are tried by another child."""
    results: list[Result] = []
    while len(results) < len(cases):
        results += _child(cases[len(results) :], try_one, deadline)
    return results


def _child(cases: Sequence[bytes], try_one: TryOne, deadline: float) -> list[Result]:
    """Of as many cases as one child lived through, and the one that ended it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            _live(cases, try_one, writer)
            status = 0
        except BaseException:  # noqa: BLE001  nothing of the parent's may run in here
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    results: list[Result] = []
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        ended = _listen(pipe.fileno(), results, deadline)
    fault = ""
    if not ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        fault = f"hang: no result within {deadline:g} s"
    _, status = os.waitpid(pid, 0)
    if not fault and len(results) < len(cases):
        code = os.waitstatus_to_exitcode(status)
        fault = f"death: the process ended with {code}"
    if fault and len(results) < len(cases):
        results.append(Result(fault.partition(":")[0], fault, fault))
    return results[: len(cases)]


def _live(cases: Sequence[bytes], try_one: TryOne, writer: int) -> None:
    faulthandler.disable()
    _bound_memory()
    for case in cases:
        result = try_one(case)
        line = json.dumps([result.outcome, result.signature[:2000], result.fault[:8000]])
        left = memoryview(line.encode() + b"\n")
        while left:
            left = left[os.write(writer, left) :]


def _bound_memory() -> None:
    with open("/proc/self/statm") as file:  # noqa: PTH123  a file of the kernel's
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = now + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (soft if hard < 0 else min(soft, hard), hard))


def _listen(pipe: int, results: list[Result], deadline: float) -> bool:
    """Adds results as they come; False where one took too long."""
    rest = b""
    last = time.monotonic()
    while True:
        left = last + deadline - time.monotonic()
        poll = select.poll()  # select() knows no descriptor above 1023
        poll.register(pipe, select.POLLIN)
        ready = poll.poll(max(0.0, left) * 1000)
        if not ready:
            return False
        data = os.read(pipe, _AT_ONCE)
        if not data:
            return True
        *lines, rest = (rest + data).split(b"\n")
        results += [Result(*json.loads(line)) for line in lines]
        if lines:
            last = time.monotonic()
