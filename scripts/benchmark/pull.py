"""How long a model takes from a store to an unpacked folder, against ``aws s3 cp`` and ``tar xzf``.

A static server stands for S3: nginx with ranges and ETags, so that only the clients are measured. The
archive holds float32 weights as training leaves them (gzip takes about a tenth off), a graph that
compresses well, and a few small files.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUCKET, KEY = "models", "model.tar.gz"
_NGINX = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
    {temporary}
    server {{ listen 127.0.0.1:{port}; root {dir}/store; default_type application/gzip; }}
}}
"""


def measure(size_mb: int = 1024, *, rounds: int = 1) -> dict[str, float]:
    """Seconds of both ways for an archive of about ``size_mb`` MiB, in the same run.

    ``ours_s`` and ``aws_tar_s`` are the fastest of ``rounds``, ``*_cpu_s`` the processor time of that
    round, ``ratio`` is ours / aws + tar. ``archive_mb`` is the archive's real size.
    """
    with tempfile.TemporaryDirectory(prefix="neuronserve-bench-") as name:
        folder = Path(name)
        archive = folder / "store" / BUCKET / KEY
        archive.parent.mkdir(parents=True)
        _make_archive(archive, size_mb)
        with _store(folder) as endpoint:
            environ = _environment(endpoint)
            ours = min(_timed(lambda: _ours(folder, environ)) for _ in range(rounds))
            theirs = min(_timed(lambda: _theirs(folder, environ)) for _ in range(rounds))
        return {
            "archive_mb": round(archive.stat().st_size / (1 << 20), 1),
            "ours_s": round(ours[0], 2),
            "ours_cpu_s": round(ours[1], 2),
            "aws_tar_s": round(theirs[0], 2),
            "aws_tar_cpu_s": round(theirs[1], 2),
            "ratio": round(ours[0] / theirs[0], 3),
        }


def _make_archive(path: Path, size_mb: int) -> None:
    import numpy as np
    from isal import igzip

    generator = np.random.default_rng(7)
    source = path.parent.parent.parent / "source"
    variables = source / "1" / "variables"
    variables.mkdir(parents=True)
    with (variables / "variables.data-00000-of-00001").open("wb") as file:
        for _ in range(max(1, round(size_mb / 0.92 / 16))):
            file.write((generator.standard_normal(4 << 20, dtype=np.float32) * 0.05).tobytes())
    words = random.Random(7)  # noqa: S311  a recipe, not a secret
    graph = "".join(f"node {words.randrange(10**6)} MatMul layer_{n}/kernel\n" for n in range(200_000))
    (source / "1" / "saved_model.pb").write_text(graph)
    (variables / "variables.index").write_bytes(bytes(4096))
    with igzip.open(path, "wb", compresslevel=2) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        tar.add(source / "1", "1")
    shutil.rmtree(source)


@contextlib.contextmanager
def _store(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(dir=folder, port=port, temporary=temporary))
    folder.chmod(0o755)  # nginx's worker may run as another user
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    nginx = shutil.which("nginx", path=search) or "nginx"
    server = subprocess.Popen([nginx, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("nginx did not start")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _environment(endpoint: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "MODEL_URI": f"s3://{BUCKET}/{KEY}",
        "PYTHONPATH": str(ROOT),
    }


def _ours(folder: Path, environ: dict[str, str]) -> None:
    work = folder / "ours"
    command = [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(work / "links")]
    quiet = {**environ, "SERVE_CACHE_DIR": str(work / "cache"), "SERVE_LOG_LEVEL": "warning"}
    subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=True)
    shutil.rmtree(work)


def _theirs(folder: Path, environ: dict[str, str]) -> None:
    work = folder / "theirs"
    (work / "model").mkdir(parents=True)
    aws = Path(sys.prefix) / "bin" / "aws"
    packed = work / KEY
    copy = [sys.executable, str(aws), "s3", "cp", "--only-show-errors", f"s3://{BUCKET}/{KEY}", str(packed)]
    subprocess.run(copy, env=environ, check=True)
    subprocess.run(["tar", "xzf", str(packed), "-C", str(work / "model")], check=True)
    shutil.rmtree(work)


def _timed(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock and of processor time; removing what was made is the smaller part of both."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return end - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
