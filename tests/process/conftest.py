"""``Serve``: ``./serve`` as a real process, for tests of what it does from the outside.

::

    def test_it_serves(serve):
        service = serve(MODEL_URI="/some/where", MODEL_SERVER="cpu")   # started; a free port; JSON logs
        service.wait_ready()
        assert service.post("/invocations", b"[1]").status == 200
        assert service.stop() == 0

At the end of the test what still runs is killed, and the test fails if the service left a process behind.
"""

import contextlib
import dataclasses
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from neuronserve.state import State
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Reply:
    """An HTTP answer. ``headers`` has lower-case names."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Serve:
    """One service. ``program`` is its argv; ``environ`` is added to a small clean environment.

    ``runtime`` is its runtime folder (short, because unix sockets lie in it); stdout and stderr go to
    files, read with ``lines`` and ``log``.
    """

    def __init__(self, folder, environ, *, program=(), cwd=ROOT, disk=None):
        """``disk``: the folder to make the runtime folder in."""
        self.port = free_port()
        self.runtime = Path(tempfile.mkdtemp(prefix="ns-", dir=disk or "/tmp"))
        self.runtime.chmod(0o711)
        self._out, self._err = folder / "stdout", folder / "stderr"
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environ = {
            **clean,
            "PYTHONPATH": str(ROOT),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SERVE_RUNTIME_DIR": str(self.runtime),
            "SERVE_LOG_FORMAT": "json",
            **environ,
        }
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*(program or (sys.executable, str(ROOT / "serve")))],
                env=self.environ,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._family = {self.process.pid: psutil.Process(self.process.pid)}

    # --- conditions

    def wait_for(self, what, condition, seconds=30):
        """Until ``condition()`` is true, and return what it gave. Fails naming ``what``, with the log."""
        end = time.monotonic() + seconds
        while True:
            self.family()
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                pytest.fail(f"not within {seconds} s: {what}\n{self._err.read_text()[-6000:]}")
            time.sleep(0.02)

    def wait_ready(self, seconds=60):
        self.wait_state("ready", seconds=seconds)

    def wait_state(self, *words, seconds=30):
        """Until the published state is one of these, and nginx knows."""

        def look():
            self._alive()
            state = self.state()
            told = (self.runtime / "serving").exists() == state.serving  # made a moment after the state
            return told and state.state in words

        self.wait_for(f"state {' or '.join(words)}", look, seconds)

    def wait_logged(self, text, seconds=30):
        """Until a log line's message contains ``text``; that line."""

        def look():
            ended = self.process.poll() is not None
            found = next((line for line in self.log() if text in line["message"]), None)
            return found or (ended and self._alive())

        return self.wait_for(f"log line {text!r}", look, seconds)

    def wait_listening(self, seconds=30):
        """Until the port takes connections."""
        self.wait_for("listening", lambda: self._alive() and self.is_listening(), seconds)

    def is_listening(self):
        return _connects(self.port)

    def wait_exit(self, seconds=30):
        """The exit code, as a shell shows it."""
        self.wait_for("exit", lambda: self.process.poll() is not None, seconds)
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    # --- talking to it

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=40):
        """Signal it; the exit code."""
        self.family()
        self.send_signal(number)
        return self.wait_exit(seconds)

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=30):
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, headers or {})
            return reply_of(connection)
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, body=b"", headers=None, timeout=30):
        return self.request("POST", path, body, headers, timeout)

    def send_raw(self, data, timeout=30):
        """Bytes out; all bytes that come back until the connection ends."""
        for _ in range(5):
            with (
                # refused before it was read whole, a reset may overtake the answer
                contextlib.suppress(ConnectionResetError, BrokenPipeError),
                socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection,
            ):
                connection.sendall(data)
                return b"".join(iter(lambda: connection.recv(65_536), b""))
        return pytest.fail("every connection was reset before an answer")

    # --- looking at it

    def state(self):
        """As published; ``starting`` before there is anything."""
        try:
            return State.from_json((self.runtime / "state.json").read_bytes())
        except FileNotFoundError:
            return State()

    def log(self):
        """The lines of the log so far, as dicts; what is no JSON comes as ``{"message": line}``."""
        return [_parsed(line) for line in self._err.read_text(errors="replace").splitlines()]

    def lines(self):
        """The lines of stdout so far."""
        return self._out.read_text(errors="replace").splitlines()

    def output(self):
        """The bytes of stdout so far."""
        return self._out.read_bytes()

    def requests(self):
        """The request log so far."""
        return [json.loads(line) for line in self.lines() if line.startswith('{"type":"request"')]

    def children(self, name):
        """Running descendants whose command line contains ``name``."""
        return [p for p in self.family() if _runs(p) and any(name in word for word in _cmdline(p))]

    def part(self, name):
        """The process of this name that the service itself started, as soon as it is there alone."""

        def look():
            found = [p for p in self.children(name) if _parent(p) == self.process.pid]
            return found[0] if len(found) == 1 else None

        return self.wait_for(f"one process of {name}", look)

    def kill(self, name):
        """End all ``children`` of this name at once; who ended by himself meanwhile is gone as well."""
        found = self.children(name)
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return found

    def family(self):
        """All descendants ever seen, and the service itself."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        for process in found:
            self._family.setdefault(process.pid, process)
        return list(self._family.values())

    def survivors(self):
        """Those still running."""
        return [p for p in self.family() if _runs(p)]

    def clean_up(self):
        """End all that is left; what should not have been there."""
        ended = self.process.poll() is not None
        left = self.survivors()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
        shutil.rmtree(self.runtime, ignore_errors=True)
        return left if ended else []

    def _alive(self):
        if self.process.poll() is not None:
            pytest.fail(f"serve ended with {self.process.returncode}\n{self._err.read_text()[-6000:]}")
        return True


@pytest.fixture
def serve(tmp_path):
    """Start services: ``serve(NAME="value", ...)``; keywords in lower case go to ``Serve``."""
    services = []
    numbers = itertools.count()

    def start(**named):
        environ = {k: str(v) for k, v in named.items() if k.isupper()}
        options = {k: v for k, v in named.items() if not k.isupper()}
        folder = tmp_path / f"serve-{next(numbers)}"
        folder.mkdir()
        services.append(Serve(folder, environ, **options))
        return services[-1]

    yield start
    left = [process for service in services for process in service.clean_up()]
    assert not left, f"left behind: {left}"


def reply_of(connection):
    answer = connection.getresponse()
    return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


def _connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _parsed(line):
    try:
        found = json.loads(line)
    except ValueError:
        return {"message": line}
    return found if isinstance(found, dict) and "message" in found else {"message": line}


def _runs(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _parent(process):
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _cmdline(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []
