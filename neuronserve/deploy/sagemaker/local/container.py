"""One container's life as the platform leads it: started, pinged, replaced when it ends, stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from neuronserve import exitcodes
from neuronserve.deploy.sagemaker.local import calls
from neuronserve.deploy.sagemaker.local.calls import Address, Request, Unanswered
from neuronserve.deploy.sagemaker.local.limits import Limits
from neuronserve.deploy.sagemaker.local.lines import Lines
from neuronserve.deploy.sagemaker.local.runners import Runner
from neuronserve.errors import DeploymentFailed, EngineFailed

Tell = Callable[[str], None]
_TURN = 0.05  # seconds between looks at a process
_PAUSE = 1.0  # seconds before what could not be started in life is tried again
_KILLED = 137


class State(StrEnum):
    CREATING = "Creating"
    IN_SERVICE = "InService"
    FAILED = "Failed"
    STOPPED = "Stopped"


class Container:
    """``tell`` gets what happens. ``lives`` counts its starts: what was loaded before is not there any more.

    A thread of its own keeps it; ``start`` and ``stop`` are for the thread that made it.
    """

    def __init__(
        self, name: str, runner: Runner, lines: Lines, *, limits: Limits, startup: float, tell: Tell
    ) -> None:
        self.name = name
        self.state = State.CREATING
        self.lives = 0
        self.code: int | None = None
        self._runner, self._lines, self._limits = runner, lines, limits
        self._startup, self._tell = startup, tell
        self._failure: Exception | None = None
        self._settled = threading.Event()  # in service, or failed
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"keeper of {name}", daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def wait(self) -> None:
        """Until it is in service. Raises DeploymentFailed and EngineFailed; a signal is seen at once."""
        while not self._settled.wait(0.2):
            pass
        if self._failure:
            raise self._failure

    def address(self) -> Address:
        """Raises Unanswered while it has none."""
        try:
            return self._runner.address()
        except (EngineFailed, LookupError, ValueError):
            raise Unanswered("it is not running") from None

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def stop(self) -> int | None:
        """SIGTERM, SIGKILL after 30 s, and its exit code; None: it never ran. Nothing of it is left."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        return self.code

    def kill(self) -> None:
        """SIGKILL, now: for a person who does not want to wait."""
        self._stopping.set()
        self._runner.kill()

    def _keep(self) -> None:
        try:
            self._begin()
            self._come_up()
            while not self._stopping.is_set():
                self._watch()
                if not self._stopping.is_set():
                    self._replace()
        except (DeploymentFailed, EngineFailed) as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  whoever waits for it has to hear of it
            self._fail(EngineFailed(f"{self.name}: the container cannot be looked after: {error}"))
        finally:
            self._end()

    def _begin(self) -> None:
        self.code = None
        self._runner.start()
        self.lives += 1

    def _come_up(self) -> None:
        """Ping it until it is healthy. Raises DeploymentFailed when it ends, or the time is up."""
        end = time.monotonic() + self._startup
        told = "nothing listened on its port"
        while not self._stopping.is_set():
            code = self._runner.poll()
            if code is not None:
                self.code = code
                raise self._failed(f"the container {self.name} ended with {_meaning(code)}")
            status, told = self._ping()
            if status == 200:
                self.state = State.IN_SERVICE
                self._settled.set()
                return
            if time.monotonic() > end:
                raise self._failed(
                    f"the container {self.name} did not pass the ping health check within "
                    f"{self._startup:g} s: {told}"
                )
            self._pause(min(self._limits.ping_every, 0.25))

    def _watch(self) -> None:
        """Until it ends, or is to stop."""
        healthy, due = True, time.monotonic() + self._limits.ping_every
        while not self._stopping.is_set():
            self.code = self._runner.poll()
            if self.code is not None:
                return
            if time.monotonic() >= due:
                status, told = self._ping()
                if (status == 200) != healthy and self._runner.poll() is None:
                    healthy = status == 200
                    self._tell(f"{self.name}: {'healthy again' if healthy else f'not healthy: {told}'}")
                due = time.monotonic() + self._limits.ping_every
            self._pause(_TURN)

    def _replace(self) -> None:
        """As the platform does for an endpoint that was in service once."""
        self._tell(f"{self.name}: ended with {_meaning(self.code or 0)}; it is replaced")
        while not self._stopping.is_set():
            try:
                self._begin()
                self._come_up()
                if not self._stopping.is_set():
                    self._tell(f"{self.name}: in service again")
            except (DeploymentFailed, EngineFailed) as error:
                self._tell(f"{self.name}: {error}")
                self._pause(_PAUSE)
            else:
                return

    def _ping(self) -> tuple[int, str]:
        """Status, 0 where there was none, and what it was."""
        request = Request("GET", "/ping")
        seconds = self._limits.ping
        try:
            answer = calls.ask(self.address(), request, connect=seconds, answer=seconds)
        except Unanswered as error:
            return 0, f"GET /ping: {error}"
        return answer.status, f"GET /ping answered {answer.status}: {answer.text()[:200]}".rstrip(": ")

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _failed(self, reason: str) -> DeploymentFailed:
        last = "\n".join(f"    {line}" for line in self._lines.last())
        return DeploymentFailed(f"{reason}\n{last}" if last else reason)

    def _fail(self, error: Exception) -> None:
        self.state, self._failure = State.FAILED, error
        self._settled.set()

    def _end(self) -> None:
        try:
            if self.lives and self._runner.poll() is None:
                self._terminate()
            self._runner.remove()
        except EngineFailed as error:
            self._tell(f"{self.name}: not removed: {error}")
        if self.state is not State.FAILED:
            self.state = State.STOPPED
        self._settled.set()

    def _terminate(self) -> None:
        self._runner.terminate()
        end = time.monotonic() + self._limits.stop
        while (code := self._runner.poll()) is None and time.monotonic() < end:
            time.sleep(_TURN)
        if code is None:
            self._tell(f"{self.name}: still there {self._limits.stop:g} s after SIGTERM: killed")
            self._runner.kill()
            code = _KILLED
        self.code = code
        if code != exitcodes.STOPPED or self.state is State.IN_SERVICE:
            self._tell(f"{self.name}: ended with {_meaning(code)}")


def _meaning(code: int) -> str:
    told = "killed (SIGKILL)" if code == _KILLED else exitcodes.MEANINGS.get(code)
    return f"{code}: {told}" if told else str(code)
