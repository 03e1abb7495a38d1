"""``python -m neuronserve.simulator``: make a simulated Neuron host, and command its servers."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neuronserve.errors import NeuronserveError
from neuronserve.simulator import control, host
from neuronserve.simulator.control import Server
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.ownership import holders

_FAILED = 1


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except NeuronserveError as error:
        print(f"error: {error}", file=sys.stderr)
        return _FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m neuronserve.simulator", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    create = _verb(verbs, "create", _create, "make a host that looks like an EC2 instance type")
    create.add_argument("instance_type")
    create.add_argument("--chips", type=int, help="how many of its chips the container has; all")
    create.add_argument("--first", type=int, default=0, help="the first of them; 0")
    adopt = _verb(verbs, "adopt", _adopt, "make a host of the devices that a container was given")
    adopt.add_argument("instance_type")
    adopt.add_argument("--devices", type=Path, default=Path("/dev"), help="where they are; /dev")
    for verb, run, what in (
        ("holders", _holders, "who owns which core"),
        ("stats", _stats, "what each core has done"),
    ):
        _verb(verbs, verb, run, what).add_argument("--json", action="store_true", help="as JSON")
    _command(verbs, "crash", lambda server, _: server.crash(), "end a server at once, by SIGABRT")
    hang = _command(
        verbs, "hang", lambda server, o: server.hang(everything=o.all), "no prediction is answered any more"
    )
    hang.add_argument("--all", action="store_true", help="nothing at all is answered: its process stops")
    _command(verbs, "resume", lambda server, _: server.resume(), "the end of a hang")
    error = _command(verbs, "error", lambda server, o: server.fail(o.count), "the next predictions fail")
    error.add_argument("count", type=int)
    slow = _command(verbs, "slow", lambda server, o: server.slow(o.slow_core, o.factor), "a core is slower")
    slow.add_argument("slow_core", type=int, metavar="CORE", help="the host's number of it")
    slow.add_argument("factor", type=float)
    delay = _command(verbs, "delay", lambda server, o: server.delay(o.ms), "each answer is held back")
    delay.add_argument("ms", type=float)
    return parser


def _verb(verbs: Any, name: str, run: Callable[[Any], None], what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=what, description=what)
    parser.add_argument("--host", type=Path, required=True, metavar="FOLDER", help="the simulated host")
    parser.set_defaults(run=run)
    return parser


def _command(verbs: Any, name: str, do: Callable[[Server, Any], None], what: str) -> argparse.ArgumentParser:
    def run(options: Any) -> None:
        found = control.find(host.attach(options.host), options.server, core=options.core)
        do(found, options)

    parser = _verb(verbs, name, run, what)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--server", metavar="TAG_OR_PID")
    which.add_argument("--core", type=int, help="the server that owns this core of the host")
    return parser


def _create(options: Any) -> None:
    _say(host.create(options.host, options.instance_type, chips=options.chips, first=options.first))


def _adopt(options: Any) -> None:
    _say(host.adopt(options.host, options.devices, options.instance_type))


def _say(made: SimulatedHost) -> None:
    print(
        f"a SIMULATED {made.instance.name} with {len(made.minors)} chips and {len(made.cores)} NeuronCores: "
        f"{made.folder}"
    )


def _holders(options: Any) -> None:
    found = holders(host.attach(options.host))
    if options.json:
        print(json.dumps({core: holder and dataclasses.asdict(holder) for core, holder in found.items()}))
        return
    _table(
        ("CORE", "PID", "TAG", "COMMAND"),
        [(str(c), str(h.pid), h.tag, h.command) if h else (str(c), "-", "-", "-") for c, h in found.items()],
    )


def _stats(options: Any) -> None:
    found = control.stats(host.attach(options.host))
    if options.json:
        print(json.dumps({core: dataclasses.asdict(stats) for core, stats in found.items()}))
        return
    _table(
        ("CORE", "BATCHES", "BUSY S", "TAG"),
        [(str(c), str(s.batches), f"{s.busy_seconds:.3f}", s.tag or "-") for c, s in found.items()],
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
