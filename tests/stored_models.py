"""What tests of fetching share: settings, an AWS environment that reaches nothing but the test's store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.obtain import obtain
from neuronserve.artifact.progress import Progress
from neuronserve.artifact.retry import Patience
from neuronserve.settings import Settings

AWS = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "very-secret-key",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
IMPATIENT = Patience(3, base=0.001, cap=0.01)


def isolate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **variables: str) -> None:
    """No AWS setting of this machine's user, only the test's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**AWS, "AWS_CONFIG_FILE": str(tmp_path / "no-config"), **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


class Getter:
    """Calls ``obtain`` with a cache and a work folder of the test's own; ``told`` is its progress."""

    def __init__(self, tmp_path: Path) -> None:
        self.cache = tmp_path / "cache"
        self.work = tmp_path / "work"
        self.default = tmp_path / "opt-ml-model"
        self.told: list[Progress] = []

    def __call__(self, uri: str | Path = "", **variables: str) -> Bundle:
        environ = {"MODEL_URI": str(uri), "SERVE_CACHE_DIR": str(self.cache), **variables}
        return obtain(
            Settings.from_environ(environ),
            work_dir=self.work,
            report=self.told.append,
            default_model_dir=self.default,
            patience=IMPATIENT,
        )

    @property
    def published(self) -> list[Path]:
        return sorted(path for path in self.cache.glob("*") if path.is_dir() and not path.suffix)

    @property
    def partials(self) -> list[Path]:
        return sorted(self.cache.glob("*.partial"))
