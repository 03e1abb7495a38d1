"""The runtime folder: sockets, the state, temporary bodies. One ``serve`` each, and nobody else's.

Who may enter it may send requests past nginx. So only its owner may, and the members of the service's group
where its parts run as several users.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuronserve import folders
from neuronserve import settings as settings_module
from neuronserve.errors import SettingsError

_LONGEST_SOCKET = "/ms-255/.4194304"  # a model server's, before it answers
_SUN_PATH = 107  # bytes: what the kernel takes as a unix socket's path


@contextlib.contextmanager
def open_runtime_dir(wanted: Path | None, group: int | None = None) -> Iterator[Path]:
    """``wanted``, made where it is missing, or a new folder in the system's temporary directory.

    In a folder for everybody it is a new one, too. What was made here is removed at the end. ``group``: whose
    members may enter it. Raises SettingsError when the folder cannot serve.
    """
    if wanted is None:
        folder, made = _new(), True
    elif folders.is_shared(wanted):
        folder, made = _new_in(wanted), True
    else:
        folder, made = wanted, _make(wanted)
    try:
        _check(folder)
        with _locked(folder):
            _let_in(folder, group)
            _clear(folder)
            yield folder
            _clear(folder)
    finally:
        if made:
            shutil.rmtree(folder, ignore_errors=True)


def _new() -> Path:
    # unix sockets lie in it: a TMPDIR too long for them will not do, nor one that nginx cannot enter
    base = tempfile.gettempdir()
    room = _SUN_PATH - len("/neuronserve-12345678") - len(_LONGEST_SOCKET)
    if len(os.fsencode(base)) > room or _closed_to_nginx(Path(base) / "here"):
        base = "/tmp"  # nosec B108  # noqa: S108  mkdtemp makes a folder of our own in it
    return _new_in(Path(base))


def _new_in(base: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="neuronserve-", dir=base))
    except OSError as error:
        raise SettingsError(
            [f"no folder for the runtime: {error}; mount a writable /tmp, or set {_variable()}"]
        ) from error


def _make(folder: Path) -> bool:
    """Whether it was not there yet."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingsError([f"{_variable()}='{folder}': {error.strerror}"]) from error
    return True


def _check(folder: Path) -> None:
    faults = []
    if not re.fullmatch(r"[A-Za-z0-9_./+=@,:~-]+", str(folder)):  # it goes into nginx.conf
        faults.append("expected a path of letters, digits and _ . / + = @ , : ~ -")
    if len(os.fsencode(f"{folder}{_LONGEST_SOCKET}")) > _SUN_PATH:
        faults.append(f"expected at most {_SUN_PATH - len(_LONGEST_SOCKET)} bytes: unix sockets lie in it")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        faults.append("expected a folder that can be written to")
    try:
        folders.check(folder)
    except folders.Unsafe as unsafe:
        faults.append(f"expected a folder that nobody else may write: {unsafe.what}; {unsafe.do}")
    except OSError as error:
        faults.append(f"expected a folder: {error.strerror}")
    closed = _closed_to_nginx(folder)
    if closed:
        faults.append(f"expected a path that nginx's workers may follow: only its owner may enter {closed}")
    if faults:
        raise SettingsError([f"{_variable()}='{folder}': {fault}" for fault in faults])


def _closed_to_nginx(folder: Path) -> Path | None:
    """A folder above that nginx's workers, who are somebody else when we are root, cannot pass."""
    if os.geteuid() != 0:
        return None
    above = Path(os.path.realpath(folder)).parents
    return next((one for one in above if not one.stat().st_mode & stat.S_IXOTH), None)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        number = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            [f"{_variable()}='{folder}': its file lock cannot be had: {error.strerror}"]
        ) from error
    with os.fdopen(number, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                [f"{_variable()}='{folder}': another serve is using it; expected a folder of its own"]
            ) from error
        yield


def _let_in(folder: Path, group: int | None) -> None:
    """nginx's workers and other parts, which are somebody else when we are root, must reach the sockets."""
    if folder.stat().st_uid != os.geteuid():
        return  # root's, which was found safe
    if group is not None:
        os.chown(folder, -1, group)
    folder.chmod(0o700 if group is None else 0o750)


def _clear(folder: Path) -> None:
    """Take away what a serve leaves, or one that was killed has left, in a folder that was given."""
    for name in (
        "serving",
        ".ping.json",
        "state.json",
        "in-flight",
        "neuron.json",
        "nginx.conf",
        "nginx.pid",
    ):
        (folder / name).unlink(missing_ok=True)
    for kind in ("*.sock", "*.config", "*.partial"):
        for path in folder.glob(kind):
            path.unlink(missing_ok=True)
    for path in (
        *folder.glob("nginx-*"),
        *folder.glob("*.tmp"),
        *folder.glob("ms-*"),
        folder / "metrics",
        folder / "spool",
        folder / "home",
        folder / "model",
        folder / "models",
        folder / "neuron-host",
    ):
        shutil.rmtree(path, ignore_errors=True)


def _variable() -> str:
    return settings_module.name_of("runtime_dir")
