"""CPU per request, latency, memory and time to ready of nginx + gateway, with null model servers.

Each case runs the real ``./serve`` (its nginx, its gunicorn) in front of ``null_server.py``, then the
prototype (``prototype.py``) behind the same nginx settings, with the same load from wrk: 8
connections. CPU is the processes' own user + system time, so the load generator and the null server
do not count.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
NULL = ROOT / "scripts" / "benchmark" / "null_server.py"
CONNECTIONS = 8
READY_SECONDS = 60


@dataclass(frozen=True)
class Case:
    name: str
    shape: str
    content_type: str
    body: bytes
    goal_ms: float | None


def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    image = rng.random((1, 224, 224, 3), np.float32)

    def npy(rows: int) -> bytes:
        file = io.BytesIO()
        np.save(file, np.repeat(image, rows, axis=0))
        return file.getvalue()

    as_json = json.dumps({"instances": image.astype("f8").tolist()}).encode()
    image_shape = "-1,224,224,3"
    return [
        Case("3 floats, JSON", "-1,3", "application/json", b'{"instances":[[1.0,2.0,5.0]]}', 0.65),
        Case("1x224x224x3, JSON", image_shape, "application/json", as_json, 6.5),
        Case("1x224x224x3, npy", image_shape, "application/x-npy", npy(1), 2.0),
        Case("8x224x224x3, npy", image_shape, "application/x-npy", npy(8), None),
    ]


@contextlib.contextmanager
def served(shape: str, port: int, extra: dict[str, str]) -> Iterator[tuple[psutil.Process, float]]:
    """The real thing; yields its process and the seconds it took to be ready."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        version = Path(folder) / "model" / "1"
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_bytes(b"\x08\x01")
        environ = {
            **os.environ, "MODEL_URI": str(version.parent), "MODEL_NAME": "model", "NULL_SHAPE": shape,
            "MODEL_SERVER": "tensorflow", "MODEL_SERVER_BINARY": str(NULL), "SERVE_LOG_LEVEL": "warning",
            "SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_DRAIN_SECONDS": "5",
            "SERVE_MODEL_SERVER_ENV": "NULL_SHAPE", **extra,
        }  # fmt: skip
        began = time.monotonic()
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen([str(ROOT / "serve")], env=environ, stdout=output, stderr=output)
            try:
                while not _ready(port):
                    if process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                        sys.exit(f"./serve did not become ready:\n{log.read_text()[-2000:]}")
                    time.sleep(0.005)
                yield psutil.Process(process.pid), time.monotonic() - began
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1) as answer:  # nosec B310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(t.user + t.system for t in (p.cpu_times() for p in processes))


def load(port: int, case: Case, seconds: float, folder: Path) -> dict[str, float]:
    """wrk's counts; any answer that is not 2xx ends the run."""
    body, script = folder / "body", folder / "post.lua"
    body.write_bytes(case.body)
    script.write_text(
        f'local f=io.open("{body}","rb"); wrk.body=f:read("*a"); f:close(); wrk.method="POST"\n'
        f'wrk.headers["Content-Type"]="{case.content_type}"\n'
        "done=function(s,l,r) io.write(string.format('RESULT %d %d %f %f %f\\n',"
        "s.requests,s.errors.status+s.errors.read+s.errors.write+s.errors.timeout,"
        "s.duration/1e6,l:percentile(50)/1e3,l:percentile(99)/1e3)) end\n"
    )
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script), f"http://127.0.0.1:{port}/invocations"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = next(line for line in out.splitlines() if line.startswith("RESULT")).split()[1:]
    requests, errors, duration, p50, p99 = (float(x) for x in found)
    if errors:
        sys.exit(f"{case.name}: {errors:.0f} of {requests:.0f} requests failed\n{out}")
    return {"requests": requests, "seconds": duration, "p50_ms": p50, "p99_ms": p99}


def measured(
    port: int, case: Case, watched: dict[str, list[psutil.Process]], seconds: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        load(port, case, 1, folder)
        before = {k: cpu_seconds(v) for k, v in watched.items()}
        figures: dict[str, Any] = load(port, case, seconds, folder)
        if not figures["requests"]:
            sys.exit(f"{case.name}: no request was answered in {seconds:g} s")
        for key, processes in watched.items():
            figures[f"{key}_cpu_ms"] = (cpu_seconds(processes) - before[key]) * 1e3 / figures["requests"]
    figures["cpu_ms"] = sum(v for k, v in figures.items() if k.endswith("_cpu_ms"))
    return figures


def parts(serve: psutil.Process) -> dict[str, list[psutil.Process]]:
    """The processes below ``serve`` by what they are; the null server and its nginx left out."""
    found: dict[str, list[psutil.Process]] = {"nginx": [], "gunicorn": [], "serve": [serve]}
    for child in serve.children():
        line = " ".join(child.cmdline())
        kind = (
            "gunicorn" if "gunicorn" in line else "nginx" if "nginx" in line and "null-" not in line else None
        )
        if kind:
            found[kind] += [child, *child.children(recursive=True)]
    return found


def pss_mb(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 1e6


@contextlib.contextmanager
def prototype(shape: str, port: int) -> Iterator[dict[str, list[psutil.Process]]]:
    """The baseline behind an nginx with the same buffers and keep-alive."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, nginx's workers run as another user
        target = folder / "null.sock"
        conf = folder / "nginx.conf"
        conf.write_text(_PROTOTYPE_NGINX.format(folder=folder, port=port))
        environ = {
            **os.environ,
            "NULL_SHAPE": shape,
            "NULL_TARGET": f"unix:{target}",
            "PYTHONPATH": str(ROOT),
        }
        workers = str(len(os.sched_getaffinity(0)))
        commands = [
            [sys.executable, str(NULL), f"--grpc_socket_path={target}"],
            [sys.executable, "-m", "gunicorn", "-b", f"unix:{folder}/g.sock", "-w", workers, "-k", "gthread",
             "--threads", "16", "--keep-alive", "75", "--log-level", "error", "--no-control-socket",
             "--umask", "0",             "--chdir", str(ROOT / "scripts" / "benchmark"), "prototype:app"],
            ["nginx", "-c", str(conf), "-e", "stderr"],
        ]  # fmt: skip
        running = [
            subprocess.Popen(c, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for c in commands
        ]
        try:
            _answers(port, shape)
            family = [
                [psutil.Process(p.pid), *psutil.Process(p.pid).children(recursive=True)] for p in running
            ]
            yield {"gunicorn": family[1], "nginx": family[2]}
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(timeout=30)


def _answers(port: int, shape: str) -> None:
    count = int(np.prod([abs(int(n)) for n in shape.split(",")]))
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        data=json.dumps({"instances": [0.0] * count}).encode(),
        headers={"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:  # nosec B310  # noqa: S310  ours
            answer.read()
            return
        if time.monotonic() > deadline:
            sys.exit("the prototype did not answer")
        time.sleep(0.1)


_PROTOTYPE_NGINX = """
worker_processes 2; daemon off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; client_max_body_size 0; client_body_buffer_size 8m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream gateway {{ server unix:{folder}/g.sock; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://gateway; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
