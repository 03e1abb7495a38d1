"""The program ``serve``: settings, log, signals, one service.

Signals: the first SIGTERM, SIGINT or SIGHUP (a terminal that was closed) stops in order, and a second one
ends everything at once; so does SIGQUIT. SIGUSR1 logs the state of all processes. SIGUSR2 does nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from neuronserve import exitcodes, logs, privileges
from neuronserve import settings as settings_room
from neuronserve.boot import home, links
from neuronserve.boot.failure import Failure
from neuronserve.boot.progress import Display
from neuronserve.boot.rundir import open_runtime_dir
from neuronserve.boot.service import Service, Surroundings
from neuronserve.errors import NeuronserveError, SettingsError
from neuronserve.settings import Settings
from neuronserve.supervise.children import Children
from neuronserve.supervise.loop import Loop

ROOT = Path(__file__).resolve().parents[2]
_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ECHO = 0.1  # seconds: one wish may come twice, as from timeout(1), which signals child and group
_log = logging.getLogger("serve")

USAGE = """usage: serve [serve | doctor [...]] [--help]

Gets a TensorFlow model, serves it with model servers behind nginx and gunicorn on port 8080, and stops
in order on SIGTERM or Ctrl-C. All settings are environment variables: docs/settings.md lists them.
MODEL_URI names the model: s3://bucket/key.tar.gz, s3://bucket/prefix/, or a path.

serve doctor looks at everything that a start depends on, and tells one fix for each fault; it changes
nothing. serve doctor --help has its options.
"""


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serve until told to stop; the exit code (``exitcodes.py``). ``argv`` is without the program."""
    privileges.hide()
    os.umask(0o022)  # what lies in the runtime folder and in the cache is guarded by these
    if argv and argv[0] == "doctor":
        from neuronserve.doctor import program as doctor

        return doctor.main(argv[1:], environ)
    if set(argv) & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return exitcodes.STOPPED
    if list(argv) not in ([], ["serve"]):
        sys.stderr.write(f"serve: no such argument: {' '.join(argv)}\n\n{USAGE}")
        return exitcodes.SETTINGS
    loop = Loop()
    children = Children(loop)
    signals = _Signals(loop, children)
    logs.setup(form=_log_form(environ), environ=environ)
    try:
        settings = Settings.from_environ(environ)
        output = logs.setup(level=settings.log_level, form=settings.log_format, environ=environ)
        accounts = privileges.accounts(settings)
        with open_runtime_dir(settings.runtime_dir, accounts.group) as runtime, links.withdrawn(runtime):
            around = Surroundings(
                settings=settings,
                environ={**_children_environ(environ), **home.variables(environ, settings, runtime)},
                accounts=accounts,
                root=ROOT,
                runtime=runtime,
                display=Display(output),
                print_line=_print_line,
            )
            return _serve(loop, children, signals, around)
    except SettingsError as error:
        return _refuse(error)
    except NeuronserveError as error:
        failure = Failure.of(error)
        failure.log()
        return failure.exit_code
    except Exception:  # noqa: BLE001  PID 1 does not leave without ending its children
        _log.critical("a fault of neuronserve itself", exc_info=True)
        return exitcodes.INTERNAL
    finally:
        children.kill_all()
        loop.close()


def _serve(loop: Loop, children: Children, signals: _Signals, around: Surroundings) -> int:
    for line in (*settings_room.without_effect(around.environ), *around.accounts.notes):
        _log.warning("%s", line)
    service = Service(loop, children, around)
    signals.service = service
    service.start()
    return loop.run()


class _Signals:
    """What each signal means. They are only queued until the loop runs, and by then there is a service."""

    def __init__(self, loop: Loop, children: Children) -> None:
        self._loop = loop
        self._children = children
        self._asked: float | None = None  # when, on the loop's clock
        self.service: Service | None = None
        loop.on_signals((*_STOP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2), self._received)

    def _received(self, number: int) -> None:
        if self.service is None or number == signal.SIGUSR2:
            return
        if number == signal.SIGUSR1:
            self.service.describe()
        elif number != signal.SIGQUIT and self._asked is None:
            self._asked = self._loop.now()
            _log.info("%s: stopping", signal.Signals(number).name)
            self.service.stop()
        elif number == signal.SIGQUIT or self._loop.now() - (self._asked or 0.0) > _ECHO:
            _log.warning("%s: ending at once", signal.Signals(number).name)
            self._children.kill_all()
            self._loop.stop(exitcodes.SIGNALLED + number)


def _refuse(error: SettingsError) -> int:
    """One line for each fault, and one with all of them for a machine."""
    for fault in error.faults:
        _log.error("%s", fault)
    failure = Failure.of(error)
    failure.log()
    return failure.exit_code


def _log_form(environ: Mapping[str, str]) -> str:
    """The log's form before the settings are known to be right."""
    form = environ.get("SERVE_LOG_FORMAT", "").lower()
    return form if form in ("json", "text") else "auto"


def _children_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which our own programs find the package wherever they start."""
    path = environ.get("PYTHONPATH")
    return {**environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)}


def _print_line(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads our stdout any more
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
