"""A small real SavedModel for the whole stack: ``y = 2 x`` for ``x`` of shape [n, 3]."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests import handmade


@pytest.fixture(scope="session")
def doubling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``1/`` with the model."""
    folder = tmp_path_factory.mktemp("doubling")
    handmade.doubling_rows(folder / "1")
    return folder


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 that runs here."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def stored(s3: str, tmp_path: Path) -> Callable[[Path], dict[str, str]]:
    """Pack a folder, put it into S3; the environment that serves it."""

    def put(folder: Path) -> dict[str, str]:
        archive = tmp_path / "model.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            for entry in sorted(folder.iterdir()):
                tar.add(entry, entry.name)
        access = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
        client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1", **access)
        client.create_bucket(Bucket="models")
        client.upload_file(str(archive), "models", f"{folder.name}/model.tar.gz")
        return {
            "MODEL_URI": f"s3://models/{folder.name}/model.tar.gz",
            "AWS_ENDPOINT_URL": s3,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing-secret",
            "SERVE_CACHE_DIR": str(tmp_path / "cache"),
            "MODEL_SERVER": "cpu",
        }

    return put
