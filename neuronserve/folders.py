"""Folders that only we may write: found, made, and shown to be so without a race.

What lies in such a folder is loaded, imported and run, so that whoever can write to it can be us. A folder is
safe when it, and each folder and link on the way to it, belongs to us or to root, and when nobody else can
put another in its place: a folder that others may write has to be sticky, as /tmp is (sshd and sudo judge by
the same rule). The way is followed from the root with ``openat`` and ``O_NOFOLLOW``, one name at a time, and
each is asked of its open descriptor; what was found safe stays so, because nobody else may rename it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_MOST_LINKS = 40  # as the kernel
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Unsafe(Exception):
    """Why a folder must not be used: ``what`` is wrong, and what to ``do`` about it."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do


def make(path: Path, mode: int = 0o700) -> Path:
    """The real path of a folder of ours, made with all that is missing on the way.

    Raises Unsafe, and OSError where it cannot be made.
    """
    there = next(one for one in (path, *path.absolute().parents) if os.path.lexists(one))
    if there != path:
        _follow(there, way=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=mode, parents=True)
    return check(path)


def check(path: Path) -> Path:
    """The real path of a folder that is there. Raises Unsafe, and OSError where it cannot be looked at."""
    real, status = _follow(path)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(20, "Not a directory", str(path))
    if status.st_mode & 0o022:
        raise Unsafe(
            f"{real} may be written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            f"if all in it is yours: chmod go-w {real}",
        )
    return real


def is_shared(path: Path) -> bool:
    """Whether it is a folder for everybody, such as /tmp: one of our own has to be made in it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX) and bool(mode & 0o022)


def _follow(path: Path, *, way: bool = False) -> tuple[Path, os.stat_result]:
    """Where a path leads, and what is there. ``way``: it goes on from there."""
    names = list(reversed(path.absolute().parts[1:]))
    at, real, links = os.open("/", _LOOK | os.O_DIRECTORY), Path("/"), 0
    try:
        status = os.fstat(at)
        _judge(real, status, way=way or bool(names))
        while names:
            name = names.pop()
            if name == "..":  # of a link: the way so far holds no link any more
                real = real.parent
                at = _replace(at, os.open(real, _LOOK | os.O_DIRECTORY))
                continue
            found = os.open(name, _LOOK, dir_fd=at)
            status = os.fstat(found)
            if stat.S_ISLNK(status.st_mode):
                _judge(real / name, status, way=False)
                target = os.readlink("", dir_fd=found)
                os.close(found)
                links += 1
                if links > _MOST_LINKS:
                    raise Unsafe(f"{path} goes through too many links", "name the folder itself")
                if target.startswith("/"):
                    real = Path("/")
                    at = _replace(at, os.open("/", _LOOK | os.O_DIRECTORY))
                names += [part for part in reversed(target.split("/")) if part not in ("", ".")]
                continue
            at, real = _replace(at, found), real / name
            _judge(real, status, way=way or bool(names))
        return real, os.fstat(at)
    finally:
        os.close(at)


def _replace(old: int, new: int) -> int:
    os.close(old)
    return new


def _judge(path: Path, status: os.stat_result, *, way: bool) -> None:
    """``way``: others follow it. Raises Unsafe."""
    if status.st_uid not in (0, os.geteuid()):
        kind = "link" if stat.S_ISLNK(status.st_mode) else "folder"
        raise Unsafe(
            f"{path} is a {kind} of user {status.st_uid}, who could put other files into it or in its place",
            f"remove it if nobody needs it, or name a folder that belongs to user {os.geteuid()}",
        )
    # those of a group that is our own alone, as many systems give each user one, are no others
    others = 0o002 if status.st_gid == os.getegid() and status.st_uid == os.geteuid() else 0o022
    if way and status.st_mode & others and not status.st_mode & stat.S_ISVTX:
        raise Unsafe(
            f"{path}, on the way to it, may be written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            f"chmod go-w {path}, or name another folder",
        )
