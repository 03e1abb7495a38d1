"""Whom the parts of the service run as where ``serve`` is started as root, and who may look into them.

``serve`` and the child that gets the model stay root. nginx's workers, gunicorn's workers and the model
servers become somebody else, each its own user where there is one, all in one group: its members may enter
the runtime folder and the cache, and nobody else may. Where ``serve`` is not root, all are one user; then
``hide()`` keeps a model server from reading the variables of the others.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import grp
import os
import pwd
import stat
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronserve import cachedir
from neuronserve.errors import SettingsError

if TYPE_CHECKING:
    from neuronserve.settings import Settings

_NGINX = ("nginx", "www-data", "nobody")
# those that the image has come first
_GATEWAY = ("neuronserve", *_NGINX)
_MODEL_SERVER = ("neuronserve-model", "nobody")
ROOT_NAME = "root"
_MODEL = Path("/opt/ml/model")  # what is served while MODEL_URI is not set
# capabilities(7): CHOWN, DAC_OVERRIDE, KILL, SETGID, SETUID: what it takes to become somebody else, and to
# look after processes and files that belong to somebody else
_NGINX_NEEDS = 1 << 0 | 1 << 6 | 1 << 7
_NEEDED = _NGINX_NEEDS | 1 << 1 | 1 << 5
_PR_SET_DUMPABLE = 4


@dataclasses.dataclass(frozen=True)
class Account:
    """A user that a child runs as. ``groups``: supplementary ones."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    def becoming(self) -> dict[str, Any]:
        """What has subprocess start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": list(self.groups)}

    def may(self, bits: int, status: os.stat_result) -> bool:
        """Whether a file's permissions give it all of ``bits`` (4: read, 2: write, 1: execute or enter)."""
        if status.st_uid == self.uid:
            granted = status.st_mode >> 6
        elif status.st_gid in (self.gid, *self.groups):
            granted = status.st_mode >> 3
        else:
            granted = status.st_mode
        return granted & bits == bits


@dataclasses.dataclass(frozen=True)
class Accounts:
    """``nginx``: the words after ``user`` in its configuration; "" for none. None: as ``serve`` itself.

    ``group``: its members may enter the service's folders; None: only their owner may. ``notes``: why a part
    that could be somebody else is not.
    """

    nginx: str = ""
    gateway: Account | None = None
    model_server: Account | None = None
    group: int | None = None
    notes: tuple[str, ...] = ()


def hide() -> None:
    """Let no other process of this user read this one's variables and memory, nor trace it.

    prctl(2): the files below /proc/PID then belong to root. An ``execve`` undoes it, so that each program
    that holds secrets says it for itself. A program whose file its user may not read has it from the start:
    the image's interpreter for all but the model servers.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def accounts(settings: Settings) -> Accounts:
    """Raises SettingsError for a user that is not there, or that one may not become here."""
    if os.geteuid() != 0:
        return Accounts()
    return _accounts(settings.gateway_user, settings.model_server_user, _read_by_workers(settings))


def _read_by_workers(settings: Settings) -> tuple[Path, ...]:
    """Where a model's own code may lie, which workers load: the cache, or a model that is served in place."""
    kept = cachedir.place(settings.cache_dir).parent
    way = next(path for path in (kept, *kept.parents) if os.path.exists(path))  # noqa: PTH110  never raises
    if settings.multi_model:
        return (way, *([settings.models_dir] if settings.models_dir.is_dir() else []))
    local = Path(settings.model_uri or _MODEL)
    return (way, local) if local.is_absolute() and local.is_dir() else (way,)


@functools.cache
def _accounts(
    gateway_user: str | None, model_server_user: str | None, read_by_workers: tuple[Path, ...]
) -> Accounts:
    able = _capabilities()
    nginx = _first(_NGINX) if able & _NGINX_NEEDS == _NGINX_NEEDS else None
    if nginx is None or able & _NEEDED != _NEEDED:
        named = [name for name in (gateway_user, model_server_user) if name not in (None, ROOT_NAME)]
        if named:
            raise SettingsError([f"serve may not become {named[0]} here: expected root with all its rights"])
        if nginx is None:
            return Accounts("root root")
        return Accounts(f"{nginx.name} {_group_name(nginx.gid)}", group=nginx.gid)
    gateway = _chosen("SERVE_GATEWAY_USER", gateway_user, _GATEWAY)
    group = (gateway or nginx).gid
    model_server = _chosen("SERVE_MODEL_SERVER_USER", model_server_user, _MODEL_SERVER)
    if model_server is not None:
        model_server = dataclasses.replace(model_server, gid=group)
    notes: tuple[str, ...] = ()
    if gateway is not None and (closed := _closed_to_workers(gateway, *read_by_workers)):
        notes = (f"gunicorn's workers run as root: user {gateway.name} may not read {closed}",)
        gateway = None
    return Accounts(f"{nginx.name} {_group_name(group)}", gateway, model_server, group, notes)


def _closed_to_workers(gateway: Account, way: Path, *trees: Path) -> Path | None:
    closed = first_closed(gateway, _program()) or first_closed(gateway, [way], enters=True)
    return closed or next(filter(None, (first_unreadable(gateway, tree) for tree in trees)), None)


def _program() -> Iterator[Path]:
    """What a worker imports from, after it became somebody else."""
    yield Path(__file__).parent
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        folder = Path(sysconfig.get_path(name))
        if folder.is_dir():
            yield folder


def _chosen(variable: str, name: str | None, usual: Iterable[str]) -> Account | None:
    if name == ROOT_NAME:
        return None
    found = _account(name) if name else _first(usual)
    if found is None and name:
        raise SettingsError([f"{variable}={name!r}: expected a user that is there"])
    return found


def _first(names: Iterable[str]) -> Account | None:
    return next(filter(None, map(_account, names)), None)


def _account(name: str) -> Account | None:
    """None: there is no such user, or none that this user namespace knows."""
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return None
    known = _is_mapped(user.pw_uid, "uid_map") and _is_mapped(user.pw_gid, "gid_map")
    return Account(name, user.pw_uid, user.pw_gid) if known else None


def _group_name(gid: int) -> str:
    return grp.getgrgid(gid).gr_name


# --- what somebody else may read


def first_closed(
    account: Account, paths: Iterable[Path], *, runs: bool = False, enters: bool = False
) -> Path | None:
    """The first folder on the way to one of these that the account may not enter, or file it may not read.

    ``runs``: files are programs, which it has to run. ``enters``: it goes on from these folders.
    """
    for path in paths:
        real = Path(os.path.realpath(path))
        try:
            for folder in reversed(real.parents):
                if not account.may(1, folder.stat()):
                    return folder
            status = real.stat()
        except OSError:
            return real
        of_folder, of_file = 1 if enters else 5, 1 if runs else 4
        if not account.may(of_folder if stat.S_ISDIR(status.st_mode) else of_file, status):
            return real
    return None


def first_unreadable(account: Account, tree: Path) -> Path | None:
    """The same for all that lies in a tree; links are followed one by one, folders behind them are not."""
    closed = first_closed(account, [tree])
    if closed:
        return closed
    for folder, folders, files in os.walk(os.path.realpath(tree)):
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                status = path.stat()
            except OSError:
                return path
            if not account.may(5 if stat.S_ISDIR(status.st_mode) else 4, status):
                return path
    return None


def with_devices(account: Account, devices: Iterable[Path]) -> Account | None:
    """The account with the groups that may use these devices; None where there is one that it may not use."""
    groups = list(account.groups)
    for device in devices:
        status = device.stat()
        if account.may(6, status):
            continue
        if status.st_gid == 0 or status.st_mode & 0o060 != 0o060:
            return None
        groups.append(status.st_gid)
        account = dataclasses.replace(account, groups=tuple(dict.fromkeys(groups)))
    return account


# --- what root may do here


def _capabilities() -> int:
    for line in _read(Path("/proc/self/status")).splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _is_mapped(number: int, table: str) -> bool:
    for line in _read(Path("/proc/self") / table).splitlines():
        first, _, count = map(int, line.split())
        if first <= number < first + count:
            return True
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
