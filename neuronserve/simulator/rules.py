"""Which cores a process asks the runtime for, and which it gets: the runtime's and the driver's rules.

The driver looks for a run of ``count`` free cores between a first and a last one and takes the first that
it finds (``ncrwl_nc_range_mark`` of aws-neuron-driver); all three requests a process can make come to that.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from neuronserve.simulator.nrt import Nrt, NrtError, log_line

OFFSET = "SERVE_CORE_OFFSET"  # stands for a driver that counts the cores of the whole host
VISIBLE, NUMBER = "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"


@dataclasses.dataclass(frozen=True)
class Request:
    """A run of ``count`` free visible cores, somewhere from ``first`` to ``last``."""

    first: int
    last: int
    count: int


def wanted(environ: Mapping[str, str], present: int) -> Request:
    """What a process with this environment asks for, where ``present`` cores are visible.

    ``NEURON_RT_VISIBLE_CORES`` (``3``, ``0-3``) wins over ``NEURON_RT_NUM_CORES`` (0: all). A list is
    refused even when it is contiguous: only newer runtimes take one. Raises NrtError.
    """
    if present < 1:
        line = log_line("TDRV", "tdrv_get_dev_info", "No neuron device available")
        raise NrtError(Nrt.FAILURE, "Nrt::Init failed: nrt_init", line)
    visible, number = environ.get(VISIBLE, "").strip(), environ.get(NUMBER, "").strip()
    if visible:
        return _range(visible, int(environ.get(OFFSET) or 0))
    if number and not re.fullmatch(r"\d{1,6}", number):
        raise _malformed(NUMBER, number)
    count = int(number or 0) or present
    return Request(0, present - 1, count)


def _range(text: str, offset: int) -> Request:
    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
    if last < first:
        raise _malformed(VISIBLE, text)
    return Request(max(0, first - offset), last - offset, last - first + 1)


def _malformed(name: str, text: str) -> NrtError:
    # [?] no source shows the runtime's line for this
    line = log_line("NRT", "nrt_allocate_neuron_cores", f"Invalid {name}: {text}")
    return NrtError(Nrt.INVALID, "Nrt::Init failed: nrt_init", line)


def unavailable(request: Request, available: int) -> NrtError:
    """The error for a request that cannot be met: ``available`` is the longest free run there is for it."""
    text = f"NeuronCore(s) not available - Requested:{request.count} Available:{available}"
    line = log_line("NRT", "nrt_allocate_neuron_cores", text)
    return NrtError(Nrt.FAILURE, "Nrt::Init failed: nrt_init", line)


def first_fit(
    request: Request, present: int, take: Callable[[int], bool], give: Callable[[int], None]
) -> range:
    """The visible cores that are taken: the first run that is long enough, of which ``take`` takes each.

    ``take(core)`` is False for a core that has an owner; ``give(core)`` undoes it. Either all of the run is
    taken in the end, or nothing, and NrtError says so.
    """
    begin, longest = request.first, 0
    for core in range(request.first, min(request.last, present - 1) + 1):
        if not take(core):
            for taken in range(begin, core):
                give(taken)
            begin = core + 1
            continue
        longest = max(longest, core + 1 - begin)
        if longest == request.count:
            return range(begin, core + 1)
    for taken in range(begin, min(request.last, present - 1) + 1):
        give(taken)
    raise unavailable(request, longest)
