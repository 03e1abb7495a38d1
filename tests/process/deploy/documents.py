"""The shell blocks of the documents, and an AWS to run them against."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import requests
from moto.server import ThreadedMotoServer

from tests.stored_models import AWS

ROOT = Path(__file__).parents[3]


def blocks(document: str, part: str = "") -> list[str]:
    """The shell blocks of a document, or of the part of it that begins with a heading."""
    text = (ROOT / document).read_text()
    if part:
        text = text.partition(f"\n## {part}")[2].partition("\n## ")[0]
    return re.findall(r"^```bash\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@contextlib.contextmanager
def aws(region: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """moto's AWS, empty: the variables that lead to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # all of moto's servers in one process share what they hold
    reset = f"http://{host}:{port}/moto-api/reset"
    requests.post(reset, timeout=30)
    try:
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **AWS,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "CONTAINER_ENGINE": "podman",
        }
    finally:
        requests.post(reset, timeout=30)
        server.stop()


def run(script: str, folder: Path, variables: Mapping[str, str]) -> None:
    """As bash runs it in a folder with our scripts, ending with the first command that fails."""
    assert script.count("scripts/") >= 4
    (folder / "scripts").symlink_to(ROOT / "scripts")
    done = subprocess.run(
        ["bash", "-c", f"set -euxo pipefail\n{script}"],
        cwd=folder,
        env={**variables, "PATH": f"{ROOT / '.venv/bin'}:{variables['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
