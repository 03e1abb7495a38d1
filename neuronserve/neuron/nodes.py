"""The files ``/dev/neuronN``: which there are, and what keeps one from being used."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat
from pathlib import Path
from typing import Protocol

from neuronserve.neuron.chips import Problem

_MEMORY_MAJOR = 1  # of /dev/null and its kin; the driver's own is given by the kernel, 234 and above

_GIVE = "give the container the device itself: --device={path} (ECS: linuxParameters.devices)"


class Nodes(Protocol):
    """The two questions asked of a device file."""

    def stat(self, path: Path) -> os.stat_result:
        """Raises OSError. Follows links."""
        ...

    def probe(self, path: Path) -> None:
        """Raises OSError when the device cannot be opened for reading and writing. Holds nothing."""
        ...


class SystemNodes:
    """The kernel's answers.

    A chip is opened for writing only: then the driver attaches nothing to the process and does not wait
    for a reset (``IS_NEURON_DEVICE_FREE_ACCESS``), so that nobody's cores are touched. Whether it could
    be read is asked without opening it; the kernel checks modes and device cgroup in both.
    """

    def stat(self, path: Path) -> os.stat_result:
        return os.stat(path)

    def probe(self, path: Path) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK))
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, "it may be written, but not read", str(path))


@dataclasses.dataclass(frozen=True)
class Node:
    """A device that can be opened."""

    index: int
    path: Path
    minor: int


def entries(dev: Path) -> list[tuple[int, Path]]:
    """All ``neuronN`` in a folder, whatever they are, ordered as numbers. ``neuron00`` is no such name."""
    try:
        names = [path.name for path in dev.iterdir()]
    except OSError:
        return []
    matches = (re.fullmatch(r"neuron(0|[1-9]\d{0,5})", name, re.ASCII) for name in names)
    return sorted((int(match[1]), dev / match[0]) for match in matches if match)


def examine(index: int, path: Path, nodes: Nodes, *, simulated: bool) -> Node | Problem:
    """The device, or why it cannot be used."""
    try:
        status = nodes.stat(path)
    except OSError as error:
        return _absent(path, error)
    problem = _kind(path, status, simulated=simulated)
    if problem:
        return problem
    try:
        nodes.probe(path)
    except OSError as error:
        return _refused(path, status, error)
    return Node(index, path, os.minor(status.st_rdev))


def _fault(code: str, path: Path, what: str, hint: str) -> Problem:
    return Problem(code, str(path), f"{path} {what}", hint.format(path=path), fatal=True)


def _absent(path: Path, error: OSError) -> Problem:
    if path.is_symlink():
        return _fault("dangling_link", path, f"is a link to nothing: {path.readlink()}", _GIVE)
    return _fault("unreadable", path, f"cannot be looked at: {error.strerror}", _GIVE)


def _kind(path: Path, status: os.stat_result, *, simulated: bool) -> Problem | None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        what = "is a directory: Docker makes one where -v names a path that is not on the host"
        return _fault("directory", path, what, "load the driver on the host, and use --device instead of -v")
    if stat.S_ISREG(mode):
        return _fault("regular_file", path, "is a regular file, no device", "remove it, and " + _GIVE)
    if not stat.S_ISCHR(mode):
        return _fault("not_a_device", path, "is no character device", "remove it, and " + _GIVE)
    null = os.major(status.st_rdev) == _MEMORY_MAJOR
    if null and not simulated:
        what = "is a null device, not the driver's: a simulated chip without the mark of its host"
        return _fault("null_device", path, what, "remove it, or make a whole simulated host")
    if simulated and not null:
        what = "is no simulated chip, but lies in the folder of a simulated host"
        return _fault("mixed_hosts", path, what, "keep simulated hosts apart from real devices")
    return None


def _refused(path: Path, status: os.stat_result, error: OSError) -> Problem:
    match error.errno:
        case errno.EACCES:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            what = f"has mode {mode}, and user {os.geteuid()} may not both read and write it"
            hint = "chmod 0666 {path} on the host, as the driver makes it, or run as its owner"
            return _fault("no_permission", path, what, hint)
        case errno.EPERM:
            what = "may not be opened: the container's device rules do not allow it"
            return _fault("not_allowed", path, what, _GIVE + ", with permission to read and write")
        case errno.ENODEV | errno.ENXIO:
            what = "has no driver behind it: it was unloaded, or the chip is gone"
            hint = "load the driver on the host (modprobe neuron), then start the container anew"
            return _fault("no_driver", path, what, hint)
        case errno.EBUSY:
            what = "is busy: as many processes as the driver takes have it open"
            return _fault("busy", path, what, "stop the processes that neuron-ls shows for it")
        case _:
            what = f"cannot be opened: {error.strerror or error}"
            return _fault(
                "open_failed", path, what, "see the host's kernel log (dmesg) for the driver's reason"
            )
