"""``serve``, from the checkout or from an image: start it, watch it become ready, stop it."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _workshop
from demo.failure import DemoError
from demo.screen import Tell
from neuronserve import exitcodes

READY_SECONDS = 300.0
STOP_SECONDS = 60.0
_OURS = ("MODEL_", "COMPILATION_JOB", "AWS_")  # of the person's environment: not for this model


@dataclasses.dataclass
class Service:
    """A started ``serve``: its process, its port on 127.0.0.1, and the file of its log."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    def wait_ready(self, tell: Tell, seconds: float = READY_SECONDS) -> None:
        """Poll ``/ping`` until 200, telling each step that it names.

        Raises DemoError when the service ends, or is not ready in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, state = self._ping()
            if status == 200:
                return
            if self.process.poll() is not None:
                raise self.failure()
            if state:
                tell(" ".join(filter(None, (state.get("step"), state.get("detail")))))
            time.sleep(0.05)
        raise DemoError(f"the service was not ready after {seconds:g} s", log=self.log())

    def stop(self) -> int:
        """SIGTERM, a drain, and the exit code. Ctrl-C meanwhile asks again, which ends it at once.

        Raises DemoError when it does not end; it is killed then.
        """
        self._ask_to_stop()
        try:
            return self._wait()
        except KeyboardInterrupt:
            self._ask_to_stop()
            return self._wait()

    def _ask_to_stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def _wait(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise DemoError(f"the service did not stop in {STOP_SECONDS:g} s", log=self.log()) from None

    def failure(self) -> DemoError:
        """Why a service that ended by itself did so."""
        code = self.process.wait()
        meaning = exitcodes.MEANINGS.get(code, "no code of serve's own")
        return DemoError(f"the service ended with exit code {code}: {meaning}", log=self.log())

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def _ping(self) -> tuple[int, dict[str, Any]]:
        """Status and body of ``/ping``; status 0 while nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else {}
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return 0, {}
        finally:
            connection.close()


@contextmanager
def running(port: int, given: Mapping[str, str], log_file: Path, image: str = "") -> Iterator[Service]:
    """``serve`` with the settings ``given``, as a child or as a container of ``image``.

    It is stopped at the end. Raises DemoError when its exit code then is not 0.
    """
    service = _start(port, given, log_file, image)
    try:
        yield service
    except BaseException:
        service.stop()
        raise
    if service.stop() != 0:
        raise service.failure()


def _start(port: int, given: Mapping[str, str], log_file: Path, image: str) -> Service:
    settings = {**given, "SAGEMAKER_BIND_TO_PORT": str(port)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    # setpriv: even when this program is killed, the service ends, and in order
    here = ["setpriv", "--pdeathsig", "TERM", str(_workshop.ROOT / "serve")]
    command = _container(image, settings) if image else here
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=kept if image else {**kept, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, who then stop the service in order
        )
    return Service(process, port, log_file)


def _container(image: str, settings: Mapping[str, str]) -> list[str]:
    import _engine

    variables = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    # the host's network: the S3 endpoint listens on 127.0.0.1
    return [
        _engine.find().program,
        "run",
        "--rm",
        "--no-healthcheck",
        "--network",
        "host",
        *variables,
        image,
        "serve",
    ]


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there; for 0 any free port.

    Raises DemoError when the port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", wanted))
        except OSError as error:
            raise DemoError(
                f"port {wanted} cannot be used: {error.strerror}; try --port 0 for any free one"
            ) from None
        port: int = probe.getsockname()[1]
        return port
