"""Which members of an archive may be unpacked, and as what: the safety policy, one member at a time.

Nothing here writes. A member is refused (HostileArchive), left out (macOS junk), or turned into an
``Entry`` whose path is relative, clean and inside the tree. ``tarfile``'s own "data" filter is asked
as well, as the second line of defence.
"""

from __future__ import annotations

import dataclasses
import os
import posixpath
import tarfile

from neuronserve.errors import HostileArchive

FOLDER = "folder"
FILE = "file"
LINK = "link"
COPY = "copy"  # a hard link: the target's path is in ``target``

MAX_NAME_BYTES = 255  # of one component: what every usual file system takes
MAX_PATH_BYTES = 3072  # of the whole: leaves room under PATH_MAX for the cache's own path
MAX_DEPTH = 256  # folders in each other: what later walks or removes the tree goes down by calls

_JUNK = frozenset({".DS_Store", "__MACOSX", ".Trashes", ".Spotlight-V100", ".fseventsd"})
_HINT = "the archive is not one to trust; pack it again with: tar czf model.tar.gz -C FOLDER ."


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What an archive may become: members, and bytes in all. Headers are not trusted for either."""

    files: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Entry:
    """One thing to make. ``path`` is relative to the tree, ``target`` relative to the tree too."""

    kind: str
    path: str
    size: int = 0
    executable: bool = False
    target: str = ""


def is_junk(path: str) -> bool:
    """Whether macOS put it there: Finder's files and the ``._x`` twins that hold attributes."""
    return any(part in _JUNK or part.startswith("._") for part in path.split("/"))


def judge(member: tarfile.TarInfo) -> Entry | None:
    """The entry to make for a member; None for junk and the tree's own root. Raises HostileArchive."""
    path = clean(member.name)
    if member.size < 0:
        raise HostileArchive(f"{shown(member.name)} claims {member.size:,} bytes", hint=_HINT)
    if member.ischr() or member.isblk() or member.isfifo() or not _known(member):
        raise HostileArchive(f"the archive holds {shown(member.name)}, {_kind(member)}", hint=_HINT)
    if is_junk(path):
        return None
    entry = _entry(member, path)
    _second_opinion(member)
    return entry if path else None


def clean(name: str) -> str:
    """A member's name as a relative path without ``.`` and empty parts. Raises HostileArchive."""
    if "\0" in name:
        raise HostileArchive(f"the archive holds a name with a NUL character: {shown(name)}", hint=_HINT)
    if name.startswith("/"):
        raise HostileArchive(f"the archive holds an absolute path: {shown(name)}", hint=_HINT)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise HostileArchive(f"the archive holds a path that leaves its folder: {shown(name)}", hint=_HINT)
    if _is_too_long(parts):
        raise HostileArchive(f"the archive holds a name that is too long: {shown(name)}", hint=_HINT)
    return "/".join(parts)


def shown(name: str) -> str:
    """A name fit for a message: quoted, cut, and with what is not UTF-8 escaped."""
    return repr(name if len(name) <= 120 else f"{name[:100]}...{name[-17:]}")


def _is_too_long(parts: list[str]) -> bool:
    sizes = [len(os.fsencode(part)) for part in parts]
    return (
        sum(sizes) + len(sizes) > MAX_PATH_BYTES + 1
        or max(sizes, default=0) > MAX_NAME_BYTES
        or len(parts) > MAX_DEPTH
    )


def _known(member: tarfile.TarInfo) -> bool:
    return member.isreg() or member.isdir() or member.issym() or member.islnk()


def _kind(member: tarfile.TarInfo) -> str:
    kinds = {tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a named pipe"}
    return kinds.get(member.type, f"a member of unknown type {member.type!r}")


def _entry(member: tarfile.TarInfo, path: str) -> Entry:
    if member.isdir():
        return Entry(FOLDER, path)
    if not path:
        raise HostileArchive(
            f"the archive holds {shown(member.name)} as something else than a folder", hint=_HINT
        )
    if member.issym():
        return Entry(LINK, path, target=_link_target(member, path))
    if member.islnk():
        return Entry(COPY, path, target=clean(member.linkname))
    return Entry(FILE, path, size=member.size, executable=bool(member.mode & 0o100))


def _link_target(member: tarfile.TarInfo, path: str) -> str:
    """Where a symbolic link points to, counted from the tree's root."""
    link = member.linkname
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    if not link or "\0" in link or link.startswith("/") or inside == ".." or inside.startswith("../"):
        raise HostileArchive(
            f"the archive holds a link out of its folder: {shown(member.name)} -> {shown(link)}", hint=_HINT
        )
    if _is_too_long(inside.split("/")):
        raise HostileArchive(
            f"the archive holds a link whose target is too long: {shown(member.name)} -> {shown(link)}",
            hint=_HINT,
        )
    return inside


def _second_opinion(member: tarfile.TarInfo) -> None:
    data_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
    if data_filter is None:
        return
    try:
        data_filter(member, "/nonexistent")
    except tarfile.FilterError as error:
        why = f"{type(error).__name__} of Python's data filter"  # its own words repeat the whole name
        raise HostileArchive(f"the archive holds {shown(member.name)}: {why}", hint=_HINT) from error
