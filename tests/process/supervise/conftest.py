import os
import signal

import pytest

from neuronserve.supervise.children import Children, Command
from neuronserve.supervise.loop import Loop


@pytest.fixture
def loop():
    """A loop that gives up after ten seconds; pytest's own signal handlers come back at the end."""
    before = {n: signal.getsignal(n) for n in (signal.SIGCHLD, signal.SIGUSR1)}
    loop = Loop()
    loop.later(10, lambda: pytest.fail("the loop was not stopped within 10 s"))
    yield loop
    for number, handler in before.items():
        signal.signal(number, handler)
    loop.close()


@pytest.fixture
def children(loop):
    children = Children(loop)
    yield children
    children.kill_all()


@pytest.fixture
def command(tmp_path):
    """A shell line as a command; what it says goes into the lists ``said`` and ``complained``."""

    def command(line, **named):
        heard = {"on_stdout": command.said.append, "on_stderr": command.complained.append}
        return Command(("sh", "-c", line), dict(os.environ), tmp_path, **{**heard, **named})

    command.said, command.complained = [], []
    return command
