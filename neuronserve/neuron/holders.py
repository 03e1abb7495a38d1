"""Who holds which chips and cores now: before a server starts, when one restarts, and for ``doctor``."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from neuronserve.neuron import corelocks, marker, neuronls, procfs
from neuronserve.neuron.chips import Host, Roots

TAG, VISIBLE_CORES, NUM_CORES = "NEURON_PROCESS_TAG", "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"

AskNeuronLs = Callable[[], Sequence[neuronls.Device] | None]


@dataclasses.dataclass(frozen=True)
class Holder:
    """A process that holds chips. ``tag``: its NEURON_PROCESS_TAG, empty when not known.

    ``chips``: indexes as seen here. ``cores``: first and last, counted from 0 over the chips given; None:
    not known, and then it may hold any of its chips' cores. ``pid`` is the host's number, or 0, where the
    process is not of this pid namespace.
    """

    pid: int
    command: str
    tag: str
    chips: tuple[int, ...]
    cores: tuple[int, int] | None


def holders(
    roots: Roots, host: Host, *, core_offset: int = 0, neuron_ls: AskNeuronLs | None = neuronls.devices
) -> tuple[Holder, ...]:
    """All holders, ordered by pid and cores.

    ``core_offset``: SERVE_CORE_OFFSET, the number of the first core given, in other processes' variables.
    ``neuron_ls``: asks neuron-ls, which also shows processes of other containers; None: it is not asked.
    Raises DeviceFault when the mark of a simulated host is damaged.
    """
    if host.simulated:
        found = _of_simulated(roots, host)
    else:
        seen = procfs.openers(roots.proc, host.chips)
        shown = (neuron_ls() if neuron_ls and host.chips else None) or ()
        found = [_of_opener(opener, host, core_offset) for opener in seen]
        found += _elsewhere(found, shown, host)
    return tuple(sorted(found, key=lambda holder: (holder.pid, holder.cores or (0, 0), holder.chips)))


def busy(
    roots: Roots,
    host: Host,
    first_core: int,
    last_core: int,
    *,
    core_offset: int = 0,
    neuron_ls: AskNeuronLs | None = neuronls.devices,
) -> tuple[Holder, ...]:
    """Holders of a core of this range, counted from 0 over the chips given.

    One whose cores are not known counts when it holds a chip of the range. So pass None for ``neuron_ls``,
    which never knows cores, where containers share chips; and where this is asked again and again,
    because neuron-ls may take seconds.
    """
    chips = _chips_of(host, first_core, last_core)
    return tuple(
        holder
        for holder in holders(roots, host, core_offset=core_offset, neuron_ls=neuron_ls)
        if (
            holder.cores[0] <= last_core and first_core <= holder.cores[1]
            if holder.cores
            else not chips.isdisjoint(holder.chips)
        )
    )


def _bounds(host: Host) -> list[tuple[int, int, int]]:
    """(index, first core, cores) of each chip; a chip of unknown cores has none."""
    counts = [chip.cores or 0 for chip in host.chips]
    firsts = itertools.accumulate(counts, initial=0)
    return [
        (chip.index, first, count) for chip, first, count in zip(host.chips, firsts, counts, strict=False)
    ]


def _chips_of(host: Host, first_core: int, last_core: int) -> set[int]:
    return {
        index
        for index, first, count in _bounds(host)
        if first <= last_core and first_core <= first + count - 1
    }


def _cores_of(host: Host, chips: Sequence[int]) -> tuple[int, int] | None:
    """All cores of these chips; None where a chip's cores are not known, or the chips are no neighbours."""
    if any(chip.cores is None for chip in host.chips):
        return None
    spans = [(first, first + count - 1) for index, first, count in _bounds(host) if index in chips]
    whole = spans and spans[-1][1] - spans[0][0] + 1 == sum(last - first + 1 for first, last in spans)
    return (spans[0][0], spans[-1][1]) if whole else None


def _of_opener(opener: procfs.Opener, host: Host, core_offset: int) -> Holder:
    variables = opener.environ or {}
    cores = _visible(variables, core_offset)
    if cores is None and opener.environ is not None and _takes_all(variables):
        cores = _cores_of(host, opener.chips)
    return Holder(opener.pid, opener.command, variables.get(TAG, ""), opener.chips, cores)


def _visible(variables: Mapping[str, str], core_offset: int) -> tuple[int, int] | None:
    """``3``, ``0-3``, or a list that is the same as a range, which newer runtimes take."""
    text = variables.get(VISIBLE_CORES, "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,4}(-[0-9]{1,4}|(,[0-9]{1,4})*)", text):
        return None
    cores = [int(core) - core_offset for core in re.split("[-,]", text)]
    first, last = cores[0], cores[-1]
    whole = "-" in text or cores == list(range(first, last + 1))
    return (first, last) if whole and 0 <= first <= last else None


def _takes_all(variables: Mapping[str, str]) -> bool:
    """Whether the runtime takes every core of the chips that it opened."""
    return not variables.get(VISIBLE_CORES) and variables.get(NUM_CORES, "0").strip() in {"", "0"}


def _elsewhere(seen: Sequence[Holder], shown: Sequence[neuronls.Device], host: Host) -> list[Holder]:
    """The processes of neuron-ls that are not among those seen: they are of another pid namespace.

    neuron-ls may show the host's pids, so a process is known again by its command, too; each of those
    seen stands for one of neuron-ls.
    """
    processes: dict[neuronls.Process, list[int]] = {}
    indexes = [chip.index for chip in host.chips]
    for chip in host.chips:
        device = neuronls.of_chip(shown, chip.index, chip.host_index, indexes)
        for process in device.processes if device else ():
            processes.setdefault(process, []).append(chip.index)
    left = list(seen)
    strangers = []
    for process, chips in processes.items():
        twins = [holder for holder in left if _same(process, holder)]
        if twins:
            left.remove(next((twin for twin in twins if twin.pid == process.pid), twins[0]))
        else:
            strangers.append(Holder(process.pid, process.command, "", tuple(chips), None))
    return strangers


def _same(process: neuronls.Process, holder: Holder) -> bool:
    return holder.command.startswith(process.command.removesuffix("...").strip())


def _of_simulated(roots: Roots, host: Host) -> list[Holder]:
    mark = marker.read(roots.dev)
    if mark is None:
        return []
    here = {
        (chip.host_index or 0) * count + core: (index, first + core)
        for chip, (index, first, count) in zip(host.chips, _bounds(host), strict=True)
        for core in range(count)
    }
    taken = [(owner, *here[core]) for core, owner in corelocks.owned(mark.cores_dir).items() if core in here]
    taken.sort(key=lambda entry: entry[2])
    found = []
    # Neighbours of one owner are one range; the distance from the place in the order tells neighbours.
    for _, run in itertools.groupby(enumerate(taken), lambda entry: (entry[1][0], entry[1][2] - entry[0])):
        cores = [entry for _, entry in run]
        owner = cores[0][0]
        chips = tuple(dict.fromkeys(index for _, index, _ in cores))
        found.append(Holder(owner.pid, owner.command, owner.tag, chips, (cores[0][2], cores[-1][2])))
    return found
