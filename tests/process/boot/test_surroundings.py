"""Where a container may put us: other users, read-only roots, no capabilities, another folder."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVE = str(Path(__file__).parent / "standin" / "serve.py")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")

READ_ONLY = f"""
mount --make-rprivate /
mount -t tmpfs tmpfs /srv
mkdir /srv/checkout; mount --bind {ROOT} /srv/checkout  # it may lie below /tmp itself
cp -r "$MODEL_URI" /srv/model
cp "$MODEL_SERVER_BINARY" /srv/server
export MODEL_URI=/srv/model MODEL_SERVER_BINARY=/srv/server
mount -t tmpfs tmpfs /tmp
mkdir -p {ROOT}; mount --bind /srv/checkout {ROOT}; mount -o remount,ro,bind {ROOT}
mount -o remount,ro /srv
mount -o remount,ro,bind /
exec "$@"
"""


def _opened(folder):
    """Shell lines that let everybody into a folder: what closes the way to it is covered by a new one."""
    closed = [parent for parent in reversed(folder.parents) if not parent.stat().st_mode & 0o001]
    if not closed:
        return ""
    return f"""
kept=$(mktemp -d); mount --bind {folder} $kept
mount -t tmpfs -o mode=755 tmpfs {closed[0]}
mkdir -p {folder}; mount --bind $kept {folder}
"""


def _serves(service):
    service.wait_ready()
    body = b"x" * (9 << 20)  # over the buffer: through a temporary file
    assert service.post("/invocations", body).body.startswith(b"9437184 bytes")
    assert len(service.post("/invocations?size=20000000").body) == 20_000_000
    assert service.stop() == 0


@as_root
def test_as_root_the_workers_of_nginx_are_somebody_else(start):
    service = start()
    service.wait_ready()
    users = {p.uids().effective for p in service.children("nginx: worker")}
    assert users
    assert 0 not in users
    _serves(service)


@as_root
def test_as_root_without_any_capability_it_serves(start):
    bare = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    service = start(program=(*bare, sys.executable, SERVE))
    service.wait_ready()
    assert {p.uids().effective for p in service.children("nginx: worker")} == {0}
    _serves(service)


@as_root
def test_as_some_user_without_a_name_it_serves(start, tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    opened = "".join(_opened(folder) for folder in (Path(sys.base_prefix), ROOT))
    script = (
        f'mount --make-rprivate /\n{opened}\nexec setpriv --reuid=54321 --regid=54321 --clear-groups "$@"'
    )
    program = ("unshare", "--mount", "sh", "-e", "-c", script, "sh", sys.executable, SERVE)
    service = start(program=program, SERVE_RUNTIME_DIR="")
    service.wait_logged("serving on port")
    assert service.get("/ping").status == 200
    assert {p.uids().effective for p in service.children("nginx")} == {54321}
    assert service.stop() == 0


@as_root
def test_with_a_read_only_root_and_a_writable_tmp_it_serves(start):
    program = ("unshare", "--mount", "sh", "-e", "-c", READ_ONLY, "sh", sys.executable, SERVE)
    service = start(program=program, SERVE_RUNTIME_DIR="")
    service.wait_logged("serving on port")
    assert service.get("/ping").status == 200
    assert service.stop() == 0
