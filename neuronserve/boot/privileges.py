"""Whom nginx's workers run as: a nobody where we are root and may become one, else ourselves."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_USERS = ("nginx", "www-data", "nobody")
_CHOWN, _SETGID, _SETUID = 0, 6, 7  # capabilities(7): what dropping root takes
_NEEDED = 1 << _CHOWN | 1 << _SETGID | 1 << _SETUID


def worker_user() -> str:
    """The words after ``user`` in nginx's configuration; empty when we are not root: it would only warn.

    A container's root may lack the capability to become somebody else (``--cap-drop ALL``), or the
    others may not exist in its user namespace: the workers then stay what we are.
    """
    if os.geteuid() != 0:
        return ""
    if _capabilities() & _NEEDED == _NEEDED:
        for name in _USERS:
            user = _entry(name)
            if user and _is_mapped(user.pw_uid, "uid_map") and _is_mapped(user.pw_gid, "gid_map"):
                return f"{name} {_group_of(user)}"
    return "root root"


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _group_of(user: pwd.struct_passwd) -> str:
    import grp

    return grp.getgrgid(user.pw_gid).gr_name


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
