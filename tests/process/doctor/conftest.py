"""The doctor as a person starts it, on simulated hosts."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.simulator import host, program
from tests import handmade
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What the doctor said. ``text`` is empty when it was asked for JSON."""

    code: int
    text: str
    document: dict

    def faults(self):
        return [one for one in self.document["findings"] if one["level"] == "fail"]

    def of(self, check):
        return [one for one in self.document["findings"] if one["check"] == check]


class Doctor:
    """``doctor(NAME="value")`` runs ``serve doctor --json``; ``as_text`` the same for a person."""

    def __init__(self, folder):
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self.host = host.create(folder / "host", "inf1.xlarge")  # one chip of four cores
        self.binary = program.install(folder / "bin", Path(sys.executable))
        self._folder = folder

    def __call__(self, *words, **environ):
        done = self.run("--json", *words, **environ)
        return Diagnosis(done.returncode, "", json.loads(done.stdout))

    def as_text(self, *words, **environ):
        done = self.run(*words, **environ)
        return Diagnosis(done.returncode, done.stdout, {})

    def run(self, *words, **environ):
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            [sys.executable, str(ROOT / "serve"), "doctor", *words],
            env={**clean, "TMPDIR": str(self.tmp), "PYTHONPATH": str(ROOT), **self.environ, **environ},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert not done.stderr, done.stderr
        return done

    @property
    def environ(self):
        """A host on which a start would do; tests break it."""
        return {
            "MODEL_SERVER": "neuron",
            "MODEL_SERVER_BINARY": str(self.binary),
            "MODEL_URI": str(self.model()),
            "SERVE_DEVICES_DIR": str(self.host.devices),
            "SERVE_SYSFS_DIR": str(self.host.sysfs),
            "SERVE_SIMULATE_HOST": str(self.host.folder),
            "SAGEMAKER_BIND_TO_PORT": str(free_port()),
        }

    def model(self, name="m", **options):
        """A folder with a compiled model in version 1."""
        folder = self._folder / "models" / name
        if not folder.exists():
            handmade.compiled(folder / "1", **options)
        return folder

    def snapshot(self):
        """Every file of the host and of the models, with what a change would change."""
        places = [self.host.folder, self._folder / "models"]
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_size, path.lstat().st_mode)
            for place in places
            for path in (place, *place.rglob("*"))
        }


@pytest.fixture
def doctor(tmp_path):
    made = Doctor(tmp_path)
    yield made
    left = sorted(path.name for path in made.tmp.iterdir())
    shutil.rmtree(made.host.folder, ignore_errors=True)
    assert not left, f"the doctor left {left} behind"
