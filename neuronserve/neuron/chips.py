"""The chips of a host as values, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from neuronserve.errors import DeviceFault
from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class Roots:
    """Where the kernel's folders are; others than its own in tests and on simulated hosts."""

    dev: Path = Path("/dev")
    sys: Path = Path("/sys")
    proc: Path = Path("/proc")


@dataclasses.dataclass(frozen=True)
class Chip:
    """One ``/dev/neuronN`` that can be used.

    ``index``: the N as seen here. ``host_index``: the device's minor number, which is the chip's number
    on the host; None: not known. ``cores``: NeuronCores as programs count them (Trn2: logical ones).
    ``device_mib``: its memory. ``instance_type``: of the catalogue where that is certain, else the
    family's word (``Inf1``), else empty. ``source``: what told its properties: ``sysfs``, ``neuron-ls``,
    ``SERVE_INSTANCE_TYPE``, or empty. ``connected``: the host's numbers of the chips wired to it.
    """

    index: int
    path: Path
    host_index: int | None
    generation: Generation | None
    cores: int | None
    device_mib: int | None
    instance_type: str
    source: str
    connected: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something wrong: ``code`` is the word for machines, ``hint`` one line that says what to do.

    ``device`` is the path of the device; empty: all of them. Without a ``fatal`` one the chips can be used.
    """

    code: str
    device: str
    message: str
    hint: str
    fatal: bool


@dataclasses.dataclass(frozen=True)
class Host:
    """What is here. ``chips``: those that can be used, ordered by index.

    ``driver``: its version, empty when not known. ``instance_type``: a name of the catalogue where it is
    certain, else empty. ``on_host``: chips that sysfs shows, of which this container may have been given
    a part; None: not known. ``simulated``: nothing here is hardware.
    """

    chips: tuple[Chip, ...]
    problems: tuple[Problem, ...]
    driver: str
    instance_type: str
    on_host: int | None
    simulated: bool

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The fatal problems."""
        return tuple(problem for problem in self.problems if problem.fatal)

    def check(self) -> None:
        """Raises DeviceFault for the first fatal problem; the others are in its detail."""
        faults = self.faults
        if faults:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            detail = "; ".join(f"{f.message} ({f.hint})" for f in faults[1:])
            raise DeviceFault(faults[0].message + more, hint=faults[0].hint, detail=detail)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        raw = dataclasses.asdict(self)
        for chip in raw["chips"]:
            chip["path"] = str(chip["path"])
        return raw
