"""The S3 endpoint of the demonstration and the object in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.failure import DemoError

BUCKET = "models"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",  # moto takes any; these only have to exist
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def endpoint() -> Iterator[str]:
    """Run moto's server; gives its address, such as ``http://127.0.0.1:40123``."""
    path = os.pathsep.join((str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")))
    server = subprocess.Popen(
        [sys.executable, "-m", "demo.store_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for us: the store goes last
    )
    try:
        port = (server.stdout.readline() if server.stdout else "").strip()
        if not port:
            _, log = server.communicate()
            raise DemoError("the local S3 endpoint did not start", log=log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(server)


def _end(server: subprocess.Popen[str]) -> None:
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGKILL)
        server.wait()
    for stream in (server.stdout, server.stderr):
        if stream:
            stream.close()


def put(address: str, archive: Path) -> str:
    """Upload the archive; returns its ``s3://`` address."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET)
    client.upload_file(str(archive), BUCKET, "digits/model.tar.gz")
    return f"s3://{BUCKET}/digits/model.tar.gz"


def environment(address: str, uri: str) -> Mapping[str, str]:
    """What ``serve`` needs to pull ``uri`` from the endpoint at ``address``."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": address, "MODEL_URI": uri}
