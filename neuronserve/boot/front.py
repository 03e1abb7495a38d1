"""nginx: its configuration rendered from ``nginx.conf``, its command line, and what it tells of itself.

``python -m neuronserve.boot.front --render`` prints the configuration for the environment's settings,
for a person or a linter to read; with ``--runtime DIR`` for another runtime folder.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import math
import os
import re
import resource
import signal
import string
import sys
from collections.abc import Callable, Mapping
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
_LARGE_BODY = 8 << 20  # bytes of memory that nginx may take for one: nginx.conf's client_body_buffer_size
_BODY_TIME = ROOT / "neuronserve" / "boot" / "body_time.lua"
_MODULES = ("ndk_http_module.so", "ngx_http_lua_module.so")  # in the order in which they are loaded
# written for each request that finds all places taken; the request log has those
_NO_PLACE = "no live upstreams while connecting to upstream"
_LOST_WORKER = re.compile(r"\[alert\] .*worker process \d+ exited on signal \d+")

_log = logging.getLogger("neuronserve.boot")


class _Template(string.Template):
    delimiter = "%"  # nginx has the dollar sign


def render(settings: Settings, runtime: Path, template: str, turn: int = 0) -> str:
    """The configuration, all paths absolute. ``turn``: how often it was written before."""
    workers = min(machine.cpus(), _MOST_WORKERS)
    connections, open_files = _capacity()
    user = privileges.accounts(settings).nginx
    held = _held(settings, workers * connections)
    modules = _lua_modules()
    body_seconds = math.ceil(settings.body_seconds or settings.deadline_seconds)
    read_seconds = max(settings.read_timeout_seconds, math.ceil(settings.deadline_seconds) + 5)
    return _Template(template).substitute(
        runtime=runtime,
        zone_kb=64 + 4 * (turn % 2),  # nginx keeps a zone, and the counts in it, whose size is as before
        workers=workers,
        connections=connections,
        open_files=open_files,
        log_level=settings.nginx_log_level,
        user_line=f"user {user};" if user else "",
        request_log="/dev/stdout front if=$front_answered" if settings.request_log else "off",
        listen_lines=_listen(settings.bind_port),
        max_body=settings.max_body_bytes,
        max_body_text=f"{settings.max_body_bytes >> 20} MiB",
        load_modules="\n".join(f"load_module {path};" for path in modules),
        lua_lines=f"init_by_lua_file {_BODY_TIME};" if modules else "",
        receive_line=_receive(settings.body_read_seconds, body_seconds) if _timed(settings, modules) else "",
        body_read_seconds=settings.body_read_seconds,
        body_seconds=body_seconds,
        # the Lua answers first, where it is there
        body_pause_seconds=settings.body_read_seconds + (5 if _timed(settings, modules) else 0),
        read_seconds=read_seconds,
        max_in_flight=settings.max_in_flight,
        max_held=held.in_all,
        max_held_by_address=held.by_address,
        max_large=held.large,
        max_large_by_address=held.large_by_address,
        request_buffering="off" if settings.batch_transform else "on",
        most_loads=limits.AT_ONCE,
        load_read_seconds=math.ceil(limits.patience_seconds(settings.load_seconds)) + 5,
        loads="loads" if settings.multi_model else "questions",  # which say that there is nothing to load
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """How many requests nginx holds at once, whatever of them is unfinished: in all, and of one address."""

    in_all: int
    by_address: int
    large: int
    large_by_address: int


def _held(settings: Settings, capacity: int) -> Held:
    """Half of nginx's connections for requests, and half of those for one address, but never less than may be
    in flight: behind a load balancer all requests come from few addresses.
    """
    least = 2 * settings.max_in_flight
    in_all = max(least, capacity // 2)
    large = settings.max_uploads or max(least, min(in_all, machine.memory() // 4 // _LARGE_BODY))
    most = settings.max_per_address
    if most is None:
        return Held(in_all, in_all // 2, large, max(large // 2, settings.max_in_flight))
    return Held(in_all, most or in_all, large, most or large)


def _lua_modules() -> list[Path]:
    """nginx's modules for Lua; none where they are not installed."""
    found = [machine.NGINX_MODULES / name for name in _MODULES]
    return found if all(path.is_file() for path in found) else []


def _timed(settings: Settings, modules: list[Path]) -> bool:
    """Whether bodies are timed. In batch transform they pass through unread, and the platform alone sends."""
    return bool(modules) and not settings.batch_transform


def _receive(pause: float, total: int) -> str:
    return f"access_by_lua_block {{ receive({pause:g}, {total}) }}"


def prepare(settings: Settings, runtime: Path) -> None:
    """Write the configuration.

    Raises FrontError when the port cannot be had (nginx would try for long) or the configuration not written.
    """
    machine.must_be_free(settings.bind_port)
    if not _lua_modules():
        _log.warning(
            "nginx has no Lua: only pauses within a request's body are bounded, and a client that is too "
            "slow gets no answer; apt-get install libnginx-mod-http-lua"
        )
    rendered = _rendered(settings, runtime)
    try:
        (runtime / CONFIGURATION).write_text(rendered)
    except OSError as error:
        raise FrontError(
            f"cannot write {runtime / CONFIGURATION}: {os.strerror(error.errno or 0).lower()}",
            hint="give /tmp, or SERVE_RUNTIME_DIR, a few MB of room",
        ) from error


def _rendered(settings: Settings, runtime: Path, turn: int = 0) -> str:
    return render(settings, runtime, (ROOT / "nginx.conf").read_text(), turn)


def before_start(settings: Settings, runtime: Path) -> None:
    """Put its files in order. Raises OSError."""
    (runtime / SOCKET).unlink(missing_ok=True)  # of one that was killed: the next one could not bind to it
    files.write_if_other(runtime / CONFIGURATION, _rendered(settings, runtime))
    # nginx cannot do without a file for its number, which it empties and then needs room for
    pid_file = runtime / PID_FILE
    if not pid_file.is_symlink():
        pid_file.unlink(missing_ok=True)
        pid_file.symlink_to(os.devnull)


def count_anew(settings: Settings, runtime: Path, pid: int, turn: int) -> bool:
    """Have nginx go on with new counters and new workers; False when its configuration cannot be written.

    A worker that was killed took its connections along, and left them in the counters that all workers share:
    after some such deaths each request would be one too many. What other workers have is served to its end.
    """
    try:
        files.write_if_other(runtime / CONFIGURATION, _rendered(settings, runtime, turn))
    except OSError:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGHUP)
    return True


def command(
    runtime: Path,
    environ: Mapping[str, str],
    *,
    on_stdout: OnLine,
    on_stderr: OnLine,
    on_lost_worker: Callable[[], None] = lambda: None,
) -> Command:
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
        on_stderr=_hears(on_stderr, on_lost_worker),
        death_signal=signal.SIGTERM,  # the master then takes its workers along
        longest_line=65_536,
    )


def _hears(pass_on: OnLine, on_lost_worker: Callable[[], None]) -> OnLine:
    def hear(line: str) -> None:
        if _NO_PLACE in line:
            return
        pass_on(line)
        if _LOST_WORKER.search(line):
            on_lost_worker()

    return hear


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
