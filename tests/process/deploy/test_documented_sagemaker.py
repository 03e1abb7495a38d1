"""Every command of README.md's part on SageMaker and of docs/sagemaker.md, run as it stands there.

AWS is moto's; the rehearsal is a real one, of the checkout. The image's own trial (`marketplace-check`) only
says here what it would do; tests/image runs it.
"""

from __future__ import annotations

import json
import re

import boto3
import pytest

from tests.handmade import doubling_rows
from tests.ports import free_port
from tests.process.deploy import documents

REGION = "us-east-1"
TRUST = {"Version": "2012-10-17", "Statement": []}
HANDLER = "def handler(data, context):\n    return data.read(), context.accept_header\n"
# until the rehearsal's line says that it is in service, what comes after it in the document waits
_BEHIND = """scripts/sagemaker local model.tar.gz --port {port} > local.out &
LOCAL=$!
trap 'kill -TERM $LOCAL; wait $LOCAL' EXIT
until grep -q http local.out; do kill -0 $LOCAL; sleep 0.2; done
"""


@pytest.fixture
def environ(tmp_path):
    with documents.aws(REGION, tmp_path) as variables:
        keys = (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        session = boto3.Session(*keys, region_name=REGION)
        there = {"endpoint_url": variables["AWS_ENDPOINT_URL"]}
        session.client("s3", **there).create_bucket(Bucket="models")
        role = {"RoleName": "sagemaker", "AssumeRolePolicyDocument": json.dumps(TRUST)}
        session.client("iam", **there).create_role(**role)
        yield {**variables, "MODEL_SERVER": "cpu"}


@pytest.fixture
def folder(tmp_path):
    """What a user has: a SavedModel, its code, some rows."""
    folder = tmp_path / "project"
    doubling_rows(folder / "exported" / "1")
    (folder / "code").mkdir()
    (folder / "code" / "inference.py").write_text(HANDLER)
    (folder / "rows.csv").write_text("1,2,5\n3,4,6\n")
    return folder


def as_run(block, port):
    """With a rehearsal in the background, and the image's trial as a dry run."""
    block = block.replace("8090", str(port))
    block = re.sub(
        rf"(?m)^scripts/sagemaker local model.tar.gz --port {port}[^\n]*\n", _BEHIND.format(port=port), block
    )
    return re.sub(r"(?m)^(scripts/sagemaker marketplace-check [^#\n]*)", r"\1 --dry-run ", block)


@pytest.mark.parametrize(("document", "part"), [("README.md", "On SageMaker"), ("docs/sagemaker.md", "")])
def test_each_command_does_what_the_document_says(document, part, environ, folder):
    script = "".join(as_run(block, free_port()) for block in ["\n".join(documents.blocks(document, part))])
    documents.run(script, folder, environ)
