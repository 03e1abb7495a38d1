"""Code and packages that all models of a multi-model endpoint share, as in AWS's container."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from tests import handmade
from tests.wheels import wheel

JSON = {"Content-Type": "application/json"}
SHARED = (
    "import greeting\ndef handler(data, context):\n    return 'shared ' + greeting.VERSION, 'text/plain'\n"
)
OWN = (
    "import greeting, common\n"
    "def handler(data, context):\n    return ' '.join(['own', greeting.VERSION, common.NAME]), 'text/plain'\n"
)


class Endpoint:
    """Model ``own`` has code of its own, ``plain`` has none; as the platform unpacks them."""

    def __init__(self, serve, folder: Path) -> None:
        self._serve, self.folder = serve, folder / "models"
        for name in ("own", "plain"):
            handmade.doubling_rows(self.folder / name / "model" / "1")
        code = self.folder / "own" / "model" / "code"
        code.mkdir()
        (code / "inference.py").write_text(OWN)

    def start(self, **environ: str):
        return self._serve(
            SAGEMAKER_MULTI_MODEL="true", SERVE_MODELS_DIR=self.folder, MODEL_SERVER="cpu",
            SERVE_WARMUP="off", SERVE_CACHE_DIR=self.folder.parent / "cache", **environ,
        )  # fmt: skip

    def answers(self, service) -> list[str]:
        service.wait_ready()
        for name in ("own", "plain"):
            body = json.dumps({"model_name": name, "url": f"{self.folder}/{name}/model"})
            loaded = service.post("/models", body.encode(), JSON)
            assert loaded.status == 200, loaded.body
        found = [service.post(f"/models/{name}/invoke", b"", JSON).body.decode() for name in ("own", "plain")]
        assert service.stop() == 0
        return found


@pytest.fixture
def endpoint(serve, tmp_path: Path) -> Endpoint:
    return Endpoint(serve, tmp_path)


def shared_code(folder: Path) -> Path:
    """A script, a module, a requirement, and the wheel for it."""
    folder.mkdir(parents=True)
    (folder / "inference.py").write_text(SHARED)
    (folder / "common.py").write_text("NAME = 'common'\n")
    (folder / "requirements.txt").write_text("greeting\n")
    wheel(folder / "wheels", "greeting", "2.5")
    return folder


def test_shared_requirements_are_installed_for_models_with_code_of_their_own_too(endpoint) -> None:
    """python_service.py: /opt/ml/code and its packages are on the path of all models."""
    shared_code(endpoint.folder.parent / "code")
    service = endpoint.start()
    assert endpoint.answers(service) == ["own 2.5 common", "shared 2.5"]


def test_they_are_installed_before_the_first_model_comes_or_end_the_start(endpoint) -> None:
    folder = shared_code(endpoint.folder / "code")
    (folder / "requirements.txt").write_text("greeting>=3\n")
    service = endpoint.start()
    assert service.process.wait(60) == 25
    assert "no wheel in the archive satisfies greeting>=3" in json.dumps(service.log())


def test_a_shared_script_that_cannot_be_loaded_ends_the_start(endpoint) -> None:
    folder = shared_code(endpoint.folder / "code")
    (folder / "inference.py").write_text("import no_such_module\n")
    service = endpoint.start()
    assert service.process.wait(60) == 26


@pytest.fixture
def universal(s3: str, tmp_path: Path) -> dict[str, str]:
    """Shared code in S3, and the environment that names it."""
    folder = shared_code(tmp_path / "scripts")
    access = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1", **access)
    client.create_bucket(Bucket="universal")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.upload_file(str(path), "universal", f"code/{path.relative_to(folder)}")
    return {
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET": "universal",
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX": "code",
        "AWS_ENDPOINT_URL": s3,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
    }


def test_universal_code_comes_from_s3(endpoint, universal) -> None:
    assert endpoint.answers(endpoint.start(**universal)) == ["own 2.5 common", "shared 2.5"]


def test_one_model_that_brings_no_code_takes_it_too(serve, doubling, universal) -> None:
    """serve.py: without SAGEMAKER_MULTI_MODEL it is downloaded to /opt/ml/model/code."""
    service = serve(MODEL_URI=doubling, MODEL_SERVER="cpu", **universal)
    service.wait_ready()
    assert service.post("/invocations", b"", JSON).body == b"shared 2.5"
    assert service.stop() == 0


def test_universal_code_gives_way_to_what_lies_there(endpoint, universal) -> None:
    """serve.py: it is downloaded only where there is no /opt/ml/code."""
    folder = shared_code(endpoint.folder / "code")
    wheel(folder / "wheels", "greeting", "2.6")
    assert endpoint.answers(endpoint.start(**universal)) == ["own 2.6 common", "shared 2.6"]


def test_universal_code_that_is_not_there_ends_the_start(endpoint, universal) -> None:
    service = endpoint.start(**{**universal, "SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX": "elsewhere/"})
    assert service.process.wait(60) == 11
    log = json.dumps(service.log())
    assert "SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET" in log
    assert "s3://universal/elsewhere/" in log
