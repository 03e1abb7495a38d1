"""The folders a service writes to: whether it may, and who uses them already."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from neuronserve import cachedir, folders
from neuronserve import settings as settings_room
from neuronserve.artifact import local, peek, space
from neuronserve.artifact.location import LocalLocation
from neuronserve.doctor.finding import Finding, Outcome, fault, note, ok, warn
from neuronserve.doctor.patient import Patient
from neuronserve.errors import ArtifactError, SettingsError, UnsafeFolder
from neuronserve.settings import Settings

_LITTLE = 64 << 20  # bytes: what bodies of requests and metrics take soon


def check(patient: Patient) -> Outcome:
    settings = patient.settings
    return Outcome((*_runtime(patient, settings), _cache(patient, settings)))


def _runtime(patient: Patient, settings: Settings) -> list[Finding]:
    variable = settings_room.name_of("runtime_dir")
    if settings.runtime_dir is None:
        folder, named = _temporary(), "the system's temporary directory"
        if folder is None:
            message = f"no folder for the runtime: {named} cannot be written"
            return [_wrong(message, f"mount a writable /tmp, or set {variable}")]
    else:
        folder, named = settings.runtime_dir, f"{variable}={settings.runtime_dir}"
    if folder.exists() and not folder.is_dir():
        return [_wrong(f"{named} is no folder", "name a folder, or leave it unset")]
    if not _writable(folder):
        return [
            _wrong(
                f"{named} cannot be written by user {os.geteuid()}", f"mount a tmpfs there, or set {variable}"
            )
        ]
    owner = _locked_by(folder / "lock", patient.around.proc)
    if owner:
        return [
            note(
                f"{named}: the serve with process {owner} uses it",
                "nothing to do if that is the one looked at; another serve needs a folder of its own",
                pid=owner,
            )
        ]
    free = _free(folder)
    if free < max(_LITTLE, settings.max_body_bytes):
        message = f"{named}: {space.mib(free)} are free, and bodies of requests are kept there"
        return [warn(message, f"give it more room, or set {variable} to a folder that has it", free=free)]
    return [ok(f"runtime: {folder}, {space.mib(free)} free", path=str(folder), free=free)]


def _cache(patient: Patient, settings: Settings) -> Finding:
    root = cachedir.place(settings.cache_dir)
    if (root.exists() and not root.is_dir()) or not _writable(root):
        hint = "set SERVE_CACHE_DIR to a directory that this user may write, or mount a tmpfs on /tmp"
        if _served_in_place(patient, settings):
            return note(f"models cannot be kept in {root}; a folder is served where it lies", hint)
        return fault(ArtifactError(f"models cannot be kept in {root}", hint=hint))
    if root.exists():
        try:
            folders.check(root)
        except folders.Unsafe as unsafe:
            return fault(UnsafeFolder(f"models are not kept in {root}: {unsafe.what}", hint=unsafe.do))
    free = _free(root)
    return ok(f"models are kept in {root}, {space.mib(free)} free", path=str(root), free=free)


def _served_in_place(patient: Patient, settings: Settings) -> bool:
    """Whether a start keeps nothing: what is served is a folder of this machine, or nothing yet."""
    if settings.multi_model:
        return True
    if settings.compilation_job:
        return False
    try:
        at = peek.whereabouts(settings, default_model_dir=patient.around.default_model_dir)
        return isinstance(at, LocalLocation) and local.in_place(at.path)
    except ArtifactError:  # the check "source" says so
        return True


def _wrong(message: str, fix: str) -> Finding:
    found = SettingsError([message])
    found.hint = fix
    return fault(found)


def _temporary() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return None


def _nearest(folder: Path) -> Path:
    """The folder itself, or the one it would be made in."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _writable(folder: Path) -> bool:
    """Asked, not tried: nothing is made. A read-only file system counts as not writable."""
    return os.access(_nearest(folder), os.R_OK | os.W_OK | os.X_OK)


def _free(folder: Path) -> int:
    return space.free(_nearest(folder))


def _locked_by(lock: Path, proc: Path) -> int:
    """The process that holds the lock, 0 when nobody does. Read, not tried: a try might be in serve's way."""
    try:
        status = lock.stat()
        table = (proc / "locks").read_text()
    except OSError:
        return 0
    where = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    held = re.search(rf"FLOCK +ADVISORY +WRITE +(\d+) +{where} ", table)
    return int(held[1]) if held else 0
