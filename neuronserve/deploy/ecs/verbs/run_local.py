"""Run task definitions on this machine with docker or podman, as the ECS agent would.

The machine plays one container instance: ports and chips that two tasks would share are refused,
containers start in the order of dependsOn, health checks are done inside them, restart policies are
honoured, and the end of an essential container ends its task. Ctrl-C or SIGTERM stops all, each within its
stopTimeout; a second one kills. Everything that was started is removed at the end, unless --detach or --keep
leaves it: then the commands that remove it are told.

Standard output has one line for each task once it is ready, with the URL to ask; logs and events go to
standard error. The exit code is that of the essential container; serve's own are in README.md.

Without Neuron chips use --simulate: null devices under the chips' names, and the simulated model server,
which the image of the cpu target has (--image neuronserve:cpu). Values of secrets, and those of --env, are
on no command line of the engine's.
"""

from __future__ import annotations

import argparse
import dataclasses
import ipaddress
import secrets
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve.deploy import credentials, engine, exits, shapes
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.agent import complete, hardware
from neuronserve.deploy.ecs.local import images, notes, plan, readiness
from neuronserve.deploy.ecs.local.devices import Chips
from neuronserve.deploy.ecs.local.instance import Instance, Manner, Signals
from neuronserve.deploy.ecs.local.plan import Wishes
from neuronserve.deploy.ecs.local.readiness import Wait
from neuronserve.deploy.ecs.registry import registered
from neuronserve.errors import EngineFailed, InvalidInput
from neuronserve.instances import InstanceType, catalogue


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("taskdef", nargs="+", metavar="TASKDEF", help="a file with one or several, a family, or an ARN")
    add(
        "--engine",
        metavar="PROGRAM",
        help="docker or podman (CONTAINER_ENGINE; else what is there)",
    )
    add(
        "--simulate",
        nargs="?",
        const="",
        metavar="TYPE",
        help="pretend to be TYPE (the placement's)",
    )
    add("--device-dir", type=Path, metavar="DIR", help="where the nodes neuronN are, if not in /dev")
    add("--image", metavar="IMAGE", help="run this image in the container that has chips")
    add("--env", action="append", default=[], metavar="NAME[=VALUE]", help="a variable for every container")
    add("--volume", action="append", default=[], metavar="HOST:CONTAINER[:ro]", help="mount it everywhere")
    add("--publish-address", default="127.0.0.1", metavar="ADDRESS", help="where ports are (127.0.0.1)")
    add("--pass-aws", action="store_true", help="hand on our credentials, region and AWS_ variables")
    add("--wait", choices=[str(w) for w in Wait], default="ready", help="for /ping, the health check, or not")
    add("--timeout", type=float, default=900, metavar="SECONDS", help="how long to wait for that (900)")
    add("--detach", action="store_true", help="leave them running once they are ready")
    add("--keep", action="store_true", help="do not remove them when they have ended")


def run(given: argparse.Namespace, desk: Desk) -> int:
    requests = _requests(given.taskdef, desk)
    if given.image:
        requests = [images.replaced(request, given.image) for request in requests]
    simulated = None if given.simulate is None else _simulated(given.simulate, requests)
    handed_on = credentials.handed_on(desk.aws, desk.environ, given.endpoint_url) if given.pass_aws else {}
    wishes = Wishes(
        chips=Chips(given.device_dir, simulated),
        variables={**handed_on, **_variables(given.env)},
        volumes=tuple(given.volume),
        address=_address(given.publish_address),
    )
    manner = Manner(Wait(given.wait), _seconds(given.timeout), given.detach, given.keep)
    if given.dry_run:
        return _show(requests, wishes, given, desk)
    answering = engine.answering(given.engine, desk.environ)
    run_id = secrets.token_hex(4)
    planned = plan.make(requests, wishes, run=run_id, podman=answering.podman, environ=desk.environ)
    _tell(notes.of(planned, requests, wishes, manner.wait), desk)
    running = dataclasses.replace(answering, environ={**desk.environ, **planned.environ})
    signals = Signals()
    with signals.caught():
        return Instance(planned, running, desk, manner, signals=signals, ask=readiness.answers).run()


def _requests(targets: Sequence[str], desk: Desk) -> list[dict[str, Any]]:
    """The definitions, all of the shape that ECS takes."""
    found = []
    for target in targets:
        for one in registered.resolve(desk, target, dry_run=True):
            _must_run(target, one.request)
            found.append(one.request)
    return found


def _must_run(target: str, request: Mapping[str, Any]) -> None:
    found = shapes.findings("ecs", "RegisterTaskDefinition", request)
    faults = [(each.pointer, each.message) for each in found] or list(complete.missing(request))
    if faults:
        place, message = faults[0]
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise InvalidInput(
            f"{target}#{place}: {message}{more}", hint="scripts/task-definition validate tells all"
        )


def _simulated(named: str, requests: Sequence[Mapping[str, Any]]) -> InstanceType:
    known = catalogue()
    if named:
        if named.lower() not in known:
            raise InvalidInput(
                f"--simulate {named}: no such instance type",
                hint=f"one of {', '.join(known)}; a file goes before --simulate, or after --simulate TYPE",
            )
        return known[named.lower()]
    types = {found.name: found for found in map(hardware.instance_type, requests) if found}
    if len(types) != 1:
        what = f"are for {' and '.join(types)}" if types else "name no instance type"
        raise InvalidInput(
            f"--simulate: the placement constraints {what}", hint="say which: --simulate inf1.6xlarge"
        )
    return next(iter(types.values()))


def _variables(given: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or any(c.isspace() or c == "\0" for c in name):
            raise InvalidInput("--env: a name is missing before =", hint="--env NAME=VALUE, or --env NAME")
        found[name] = value if equals else None
    return found


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidInput(f"--publish-address {text}: no IP address", hint="such as 127.0.0.1") from None


def _seconds(given: float) -> float:
    if not 0 < given < float("inf"):
        raise InvalidInput(f"--timeout {given:g}: expected a number of seconds above 0")
    return given


def _show(
    requests: Sequence[Mapping[str, Any]], wishes: Wishes, given: argparse.Namespace, desk: Desk
) -> int:
    """The engine's commands, whether or not there is an engine."""
    try:
        program = engine.found(given.engine, desk.environ)[0]
    except EngineFailed:
        program = given.engine or engine.PROGRAMS[0]
    podman = "podman" in Path(program).name
    planned = plan.make(requests, wishes, run="trial", podman=podman, environ=desk.environ)
    _tell(notes.of(planned, requests, wishes, Wait(given.wait)), desk)
    for task in planned.tasks:
        for container in task.containers:
            desk.line(shlex.join([program, *container.words]))
    return exits.YES


def _tell(lines: Iterable[str], desk: Desk) -> None:
    for line in lines:
        desk.say(line)
