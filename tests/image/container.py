"""One container of the image, driven through the engine's command line."""

from __future__ import annotations

import dataclasses
import http.client
import json
import subprocess
import time
from typing import Any

JSON = {"Content-Type": "application/json"}
_POST = (
    "import http.client,sys;c=http.client.HTTPConnection('127.0.0.1:8080',timeout=60);"
    "c.request(sys.argv[1],sys.argv[2],sys.argv[3] or None,{'Content-Type':'application/json'});"
    "a=c.getresponse();print(a.status);print(a.read().decode())"
)


@dataclasses.dataclass(frozen=True)
class Engine:
    program: str

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.program, *words], capture_output=True, text=True, check=False, timeout=600
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{self.program} {' '.join(words)}: {done.stderr}{done.stdout}")
        return done

    def start(self, image: str, *options: str, command: tuple[str, ...] = ()) -> Container:
        # the engine's own health checks need systemd here; tests ask by themselves
        told = self("run", "--detach", "--no-healthcheck", *options, image, *command)
        return Container(self, told.stdout.strip().splitlines()[-1])

    def inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("image", "inspect", image).stdout)[0]
        return found


@dataclasses.dataclass(frozen=True)
class Container:
    engine: Engine
    id: str

    @property
    def port(self) -> int:
        """The port on this machine behind which the container's 8080 is."""
        return int(self.engine("port", self.id, "8080").stdout.strip().splitlines()[0].rpartition(":")[2])

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        """Status and body of a request made inside the container, which may have no network."""
        told = self.engine("exec", self.id, "python", "-c", _POST, method, path, body, check=False)
        status, _, text = told.stdout.partition("\n")
        return int(status or 0), text.strip()

    def wait_ready(self, seconds: float = 120) -> None:
        self.wait_for("readiness", lambda: self.ask("GET", "/ping")[0] == 200, seconds)

    def wait_for(self, what: str, true: Any, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            if not self.running:
                raise AssertionError(f"ended while waiting for {what}: {self.logs()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} after {seconds} s: {self.logs()}")

    @property
    def running(self) -> bool:
        return self.engine("inspect", "--format", "{{.State.Running}}", self.id).stdout.strip() == "true"

    def exec(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.engine("exec", self.id, *command, check=check)

    def signal(self, name: str) -> None:
        self.engine("kill", "--signal", name, self.id)

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return int(self.engine("wait", self.id).stdout.strip())

    def logs(self) -> str:
        told = self.engine("logs", self.id)
        return told.stdout + told.stderr

    def remove(self) -> None:
        self.engine("rm", "--force", "--time", "0", "--volumes", self.id, check=False)


def predict(port: int, numbers: list[float], **more: str) -> tuple[int, Any]:
    """Status and parsed answer of one POST /invocations over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/invocations", json.dumps({"instances": numbers, **more}), JSON)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
