"""Which processes hold chips, by their open files: those of this pid namespace that may be looked at."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from neuronserve.neuron.chips import Chip

_COMMAND_CHARS = 200


@dataclasses.dataclass(frozen=True)
class Opener:
    """A process that has chips open. ``chips``: their indexes here.

    ``environ``: the Neuron variables it was started with; None: it may not be read.
    """

    pid: int
    command: str
    chips: tuple[int, ...]
    environ: Mapping[str, str] | None


def openers(proc: Path, chips: Sequence[Chip]) -> tuple[Opener, ...]:
    """All of them, ordered by pid. Processes that end meanwhile, or may not be looked at, are left out."""
    by_minor = {chip.host_index: chip.index for chip in chips}
    found = []
    for pid in _pids(proc):
        held = sorted({by_minor[minor] for minor in _minors(proc / str(pid)) if minor in by_minor})
        if held:
            place = proc / str(pid)
            found.append(Opener(pid, command(place), tuple(held), environ(place)))
    return tuple(found)


def command(place: Path) -> str:
    """A process's command line on one line, at most 200 characters; empty when it cannot be read."""
    try:
        raw = (place / "cmdline").read_bytes()[: 4 * _COMMAND_CHARS]
    except OSError:
        return ""
    line = " ".join(raw.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace").split())
    return line if len(line) <= _COMMAND_CHARS else line[: _COMMAND_CHARS - 3] + "..."


def environ(place: Path) -> dict[str, str] | None:
    """The variables ``NEURON_*`` of a process, and no others; None when they may not be read."""
    try:
        raw = (place / "environ").read_bytes()
    except OSError:
        return None
    pairs = (entry.decode("utf-8", "replace").partition("=") for entry in raw.split(b"\0"))
    return {name: value for name, _, value in pairs if name.startswith("NEURON_")}


def _pids(proc: Path) -> list[int]:
    try:
        return sorted(
            int(path.name) for path in proc.iterdir() if re.fullmatch(r"[1-9][0-9]{0,9}", path.name)
        )
    except OSError:
        return []


def _minors(place: Path) -> Iterator[int]:
    """The minor numbers of the chips that a process has open to use them."""
    for link in _files(place / "fd"):
        # Each in its own attempt: a file may be closed while it is looked at.
        with contextlib.suppress(OSError):
            if re.search(r"/neuron\d+( \(deleted\))?$", str(link.readlink())):
                status = os.stat(link)
                if stat.S_ISCHR(status.st_mode) and not _write_only(place / "fdinfo" / link.name):
                    yield os.minor(status.st_rdev)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _write_only(info: Path) -> bool:
    """Opened so, a chip is only asked for statistics: the driver gives no cores (neuron-monitor, doctor)."""
    match = re.search(rb"^flags:\s*([0-7]+)", info.read_bytes(), re.MULTILINE)
    return match is not None and int(match[1], 8) & os.O_ACCMODE == os.O_WRONLY
