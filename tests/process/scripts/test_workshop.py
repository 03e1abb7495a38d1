"""Setting up a checkout, as far as it can be tried without unmaking this one."""

from __future__ import annotations

import pytest


def test_without_root_one_command_brings_all_that_is_missing(monkeypatch):
    import _workshop

    monkeypatch.setattr(_workshop.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as ended:
        _workshop.system_packages(["nginx", "python3.11-venv"])
    assert "sudo apt-get install -y nginx python3.11-venv" in str(ended.value)


def test_nothing_missing_is_nothing_done(monkeypatch):
    import _workshop

    monkeypatch.setattr(_workshop.subprocess, "run", None)
    _workshop.system_packages([])


def test_the_lists_are_renewed_when_the_first_try_fails(monkeypatch):
    import _workshop

    tried = []

    class Done:
        def __init__(self, code):
            self.returncode = code

    def run(command, **_):
        tried.append(command[1])
        return Done(100 if len(tried) == 1 else 0)

    monkeypatch.setattr(_workshop.os, "geteuid", lambda: 0)
    monkeypatch.setattr(_workshop.shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(_workshop.subprocess, "run", run)
    _workshop.system_packages(["nginx"])
    assert tried == ["install", "update", "install"]


def test_the_environment_depends_on_the_lock_and_its_place(monkeypatch, tmp_path):
    import _workshop

    before = _workshop._fingerprint()
    monkeypatch.setattr(_workshop, "VENV", tmp_path)
    moved = _workshop._fingerprint()
    lock = tmp_path / "dev.txt"
    lock.write_bytes(_workshop.LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(_workshop, "LOCK", lock)
    assert len({before, moved, _workshop._fingerprint()}) == 3


def test_the_installer_itself_comes_from_the_lock_with_its_hashes():
    import _workshop

    lines = _workshop._entry("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert not lines[-1].endswith("\\")
