"""A model.tar.gz becomes the tree of /opt/ml/model, as the platform untars it, and nothing outside of it.

The platform's rules are tar's, not ours: nothing is left out, renamed or judged. Links are made last, when
every file is in place, so that none is written through one.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import zlib
from pathlib import Path

from neuronserve.errors import InvalidInput

_PACK = "pack it with: tar czf model.tar.gz -C FOLDER ."


def unpack(archive: Path, folder: Path) -> None:
    """Into ``folder``, which is made. Raises InvalidInput; then the folder is gone again."""
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _unpack(tar, folder, archive.name)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, (tarfile.TarError, EOFError, zlib.error)):
            raise InvalidInput(f"{archive.name}: no whole tar.gz archive ({error})", hint=_PACK) from None
        if isinstance(error, OSError):
            reason = error.strerror or "no gzip data"
            raise InvalidInput(f"{archive.name} cannot be unpacked: {reason}", hint=_PACK) from None
        raise


def _unpack(tar: tarfile.TarFile, folder: Path, what: str) -> None:
    links: list[tuple[tarfile.TarInfo, str]] = []
    for member in tar:
        path = _inside(member.name, what)
        if member.isdir():
            (folder / path).mkdir(parents=True, exist_ok=True)
        elif member.isreg():
            _write(tar, member, folder / path)
        elif member.issym() or member.islnk():
            links.append((member, path))
        else:
            raise InvalidInput(f"{what} holds {member.name!r}, which is neither a file, a folder nor a link")
    for member, path in links:
        _link(member, folder, path, what)
    root = os.path.realpath(folder)
    for member, path in links:
        real = os.path.realpath(folder / path)
        if real != root and not real.startswith(f"{root}/"):
            raise InvalidInput(f"{what} holds a link out of its folder: {member.name!r}")


def _inside(name: str, what: str) -> str:
    """The member's path within the folder: tar takes a leading / away, and refuses to climb."""
    path = posixpath.normpath(name.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise InvalidInput(f"{what} holds a path that leaves its folder: {name!r}")
    return path


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"no content of {member.name!r}")
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    target.chmod(0o755 if member.mode & 0o111 else 0o644)


def _link(member: tarfile.TarInfo, folder: Path, path: str, what: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if member.islnk():
        source = folder / _inside(member.linkname, what)
        if not source.is_file() or source.is_symlink():
            raise InvalidInput(f"{what} holds {member.name!r}, a hard link to nothing in it")
        os.link(source, target)
    else:
        target.symlink_to(member.linkname)
