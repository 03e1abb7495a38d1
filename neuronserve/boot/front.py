"""nginx: its configuration rendered from ``nginx.conf``, its command line, and what it tells of itself.

``python -m neuronserve.boot.front --render`` prints the configuration for the environment's settings,
for a person or a linter to read; with ``--runtime DIR`` for another runtime folder.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import resource
import signal
import string
import sys
from collections.abc import Mapping
from pathlib import Path

from neuronserve import machine, privileges
from neuronserve.boot import asking, files
from neuronserve.errors import FrontError
from neuronserve.gateway.multimodel import limits
from neuronserve.settings import Settings
from neuronserve.supervise.children import Command, OnLine
from neuronserve.supervise.process import Answer

ROOT = Path(__file__).resolve().parents[2]
SOCKET = "front.sock"
CONFIGURATION = "nginx.conf"
PID_FILE = "nginx.pid"
_MOST_WORKERS = 4  # one of them moves far more than the gateway can answer
_MOST_CONNECTIONS = 4096  # per worker


class _Template(string.Template):
    delimiter = "%"  # nginx has the dollar sign


def render(settings: Settings, runtime: Path, template: str) -> str:
    """The configuration, all paths absolute."""
    workers = min(machine.cpus(), _MOST_WORKERS)
    connections, open_files = _capacity()
    user = privileges.accounts(settings).nginx
    read_seconds = max(settings.read_timeout_seconds, math.ceil(settings.deadline_seconds) + 5)
    return _Template(template).substitute(
        runtime=runtime,
        workers=workers,
        connections=connections,
        open_files=open_files,
        log_level=settings.nginx_log_level,
        user_line=f"user {user};" if user else "",
        request_log="/dev/stdout front if=$front_answered" if settings.request_log else "off",
        listen_lines=_listen(settings.bind_port),
        max_body=settings.max_body_bytes,
        max_body_text=f"{settings.max_body_bytes >> 20} MiB",
        body_read_seconds=settings.body_read_seconds,
        read_seconds=read_seconds,
        max_in_flight=settings.max_in_flight,
        request_buffering="off" if settings.batch_transform else "on",
        most_loads=limits.AT_ONCE,
        load_read_seconds=math.ceil(limits.patience_seconds(settings.load_seconds)) + 5,
        loads="loads" if settings.multi_model else "questions",  # which say that there is nothing to load
    )


def prepare(settings: Settings, runtime: Path) -> None:
    """Write the configuration.

    Raises FrontError when the port cannot be had (nginx would try for long) or the configuration not written.
    """
    machine.must_be_free(settings.bind_port)
    rendered = _rendered(settings, runtime)
    try:
        (runtime / CONFIGURATION).write_text(rendered)
    except OSError as error:
        raise FrontError(
            f"cannot write {runtime / CONFIGURATION}: {os.strerror(error.errno or 0).lower()}",
            hint="give /tmp, or SERVE_RUNTIME_DIR, a few MB of room",
        ) from error


def _rendered(settings: Settings, runtime: Path) -> str:
    return render(settings, runtime, (ROOT / "nginx.conf").read_text())


def before_start(settings: Settings, runtime: Path) -> None:
    """Put its files in order. Raises OSError."""
    (runtime / SOCKET).unlink(missing_ok=True)  # of one that was killed: the next one could not bind to it
    files.write_if_other(runtime / CONFIGURATION, _rendered(settings, runtime))
    # nginx cannot do without a file for its number, which it empties and then needs room for
    pid_file = runtime / PID_FILE
    if not pid_file.is_symlink():
        pid_file.unlink(missing_ok=True)
        pid_file.symlink_to(os.devnull)


def command(runtime: Path, environ: Mapping[str, str], *, on_stdout: OnLine, on_stderr: OnLine) -> Command:
    """Raises FrontError when there is no nginx."""
    program = machine.program("nginx", environ)
    if program is None:
        raise FrontError("nginx is not installed", hint="apt-get install nginx")
    return Command(
        argv=(program, "-e", "stderr", "-p", str(runtime), "-c", str(runtime / CONFIGURATION)),
        env={name: environ[name] for name in ("PATH", "LANG", "TZ") if name in environ},
        cwd=runtime,
        # a pipe of our own: /dev/stdout can always be opened then, whoever the workers run as
        on_stdout=on_stdout,
        on_stderr=on_stderr,
        death_signal=signal.SIGTERM,  # the master then takes its workers along
        longest_line=65_536,
    )


def lost_worker(line: str) -> bool:
    """Whether nginx says that a worker died, in ngx_process_get_status()'s words.

    What the worker had in flight is never taken off the count of ``limit_conn``, which is in shared memory.
    """
    return re.search(r"\bworker process \d+ exited on signal \d+", line) is not None


def alive(runtime: Path) -> Answer:
    """Whether it answers."""
    return Answer(ready=connections(runtime) is not None)


def connections(runtime: Path) -> int | None:
    """How many connections clients hold, busy or idle; None when nginx does not tell."""
    answer = asking.get(runtime / SOCKET, "/status", timeout=2)
    found = re.search(rb"Active connections: (\d+)", answer)
    return int(found[1]) - 1 if found else None  # less the one that asks


def _capacity() -> tuple[int, int]:
    """Connections per worker, and open files: each connection may need three."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    open_files = 3 * _MOST_CONNECTIONS
    if hard != resource.RLIM_INFINITY:
        open_files = min(open_files, hard)
    return open_files // 3, open_files


def _listen(port: int) -> str:
    lines = [f"listen {port} backlog=4096;"]
    if _has_ipv6():
        lines.append(f"listen [::]:{port} backlog=4096 ipv6only=on;")
    return "\n        ".join(lines)


def _has_ipv6() -> bool:
    try:
        return bool(Path("/proc/net/if_inet6").read_text())
    except OSError:
        return False


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m neuronserve.boot.front", description=__doc__)
    parser.add_argument("--render", action="store_true", required=True, help="print the configuration")
    parser.add_argument("--runtime", type=Path, default=Path("/tmp/neuronserve"), help="the runtime folder")  # nosec B108  # noqa: S108  a name in a text that is printed
    options = parser.parse_args(argv)
    settings = Settings.from_environ(os.environ)
    sys.stdout.write(render(settings, options.runtime.absolute(), (ROOT / "nginx.conf").read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
