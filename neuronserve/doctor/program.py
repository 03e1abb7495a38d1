"""The program: ``serve doctor``, ``python -m neuronserve.doctor``, ``scripts/doctor``."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import neuronserve
from neuronserve import exitcodes
from neuronserve.doctor import asking, told
from neuronserve.doctor.checks.table import CHECKS
from neuronserve.doctor.examine import Check, examine
from neuronserve.doctor.finding import Finding
from neuronserve.doctor.patient import Patient, Wants

DESCRIPTION = """Look at everything a start depends on: settings, folders, port, programs, Neuron devices,
driver, store, model, NeuronCores and limits; then start the service once, on another port, until it is
ready. Each fault comes with one fix. It reads the environment variables that serve reads, changes nothing,
and takes NeuronCores only with --start.

The exit code is 0 without a fault, else that of serve (README.md) for the first fault that a start would
meet; 38 also where another process holds the cores. What was skipped says so, and is not covered by it.
Notes and warnings are no faults."""


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Examine and tell; the exit code (``exitcodes.py``). ``argv`` is without the program."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as end:  # it has said what was wrong, or printed the help
        return exitcodes.SETTINGS if end.code else exitcodes.STOPPED
    if options.list:
        _say("\n".join(f"{check.name:<9} {check.about}" for check in CHECKS))
        return exitcodes.STOPPED
    try:
        with _signals():
            return _examine(options, environ)
    except _Signalled as signalled:
        return exitcodes.SIGNALLED + signalled.number


def _examine(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    coloured = sys.stdout.isatty() and not environ.get("NO_COLOR")

    def show(finding: Finding) -> None:
        if not options.json:
            _say(told.line(finding, coloured=coloured))

    def announce(check: Check) -> None:
        if check.last and not options.json and sys.stdout.isatty():
            _say(f"{'...':<4}  {check.name:<9} this takes longest; --no-start leaves it out")

    if not options.json:
        _say(f"neuronserve {neuronserve.__version__}: doctor")
    with _scratch() as scratch:
        wants = Wants(options.network, options.download, options.start)
        if options.timeout:
            wants = dataclasses.replace(wants, start_seconds=options.timeout)
        patient = Patient(environ, scratch, wants)
        try:
            found = examine(
                CHECKS, patient, only=options.only, seconds=options.timeout, before=announce, heard=show
            )
        finally:
            asking.end_all()
    _say(told.as_json(found) if options.json else "\n".join(told.ending(found)))
    return found.exit_code


class _Signalled(BaseException):
    """Told to end: what was begun is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """The ways to be told to end, as an exception; only where signals come to this thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        raise _Signalled(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    """On stdout at once; where nobody reads it any more, to nobody."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, sys.stdout.fileno())
        os.close(nobody)


@contextlib.contextmanager
def _scratch() -> Iterator[Path | None]:
    """A folder of our own, removed at the end; None where nothing can be written."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="neuronserve-doctor-", ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="doctor", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="everything, for a machine")
    parser.add_argument(
        "--only", type=_names, default=(), metavar="CHECK[,...]", help="these checks; see --list"
    )
    parser.add_argument("--list", action="store_true", help="the names of the checks")
    parser.add_argument("--no-network", dest="network", action="store_false", help="ask no store")
    parser.add_argument(
        "--download",
        action="store_true",
        help="also look into a model that has to be downloaded; it is not kept",
    )
    parser.add_argument(
        "--start",
        action=argparse.BooleanOptionalAction,
        help="start the service once, on a free port, until it is ready: always or never; without it, "
        "where that takes no NeuronCores",
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="for each check, instead of its own"
    )
    return parser


def _names(text: str) -> tuple[str, ...]:
    known = {check.name for check in CHECKS}
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or set(names) - known:
        raise argparse.ArgumentTypeError(f"expected names of {', '.join(check.name for check in CHECKS)}")
    return names


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError("expected a number of seconds above 0")
    return seconds


def run() -> None:
    """Ends the process, whatever a check that was given up still does."""
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
