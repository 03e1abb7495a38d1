"""Rehearsals with a container that does as it is told: tests/deploying/standin_container.py."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.sagemaker.local.limits import Limits
from tests.deploying.rehearsals import rehearsal

STANDIN = (
    sys.executable,
    str(Path(__file__).resolve().with_name("standin_container.py")),
    "serve",
)
QUICK = Limits(answer=30, ping_every=0.05, retry_pause=0.01)


def standing_in(kind, models, folder, **more):
    return rehearsal(
        kind, models, folder, program=STANDIN, environment=more.pop("environment", {}),
        limits=more.pop("limits", QUICK), startup=more.pop("startup", 20), **more,
    )  # fmt: skip


def refused(call, *args, **more):
    with pytest.raises(ClientError) as caught:
        call(*args, **more)
    return caught.value.response


def archives(folder, *names, broken=()):
    """A multi-model prefix: each archive holds its own name."""
    folder.mkdir()
    for name in names:
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
            for file in ("name", *(["broken"] if name in broken else [])):
                info = tarfile.TarInfo(file)
                info.size = len(name)
                tar.addfile(info, io.BytesIO(name.encode()))
    return folder


# --- one container
