"""Run tasks once, on the instances that suit them, and tell the truth about what happened.

TASKDEF is a file (one definition, or a list such as slots; registered where it changed), a family,
FAMILY:REVISION or an ARN. Each reason for which ECS places nothing is explained, with the numbers of the
instances. The result, on standard output, names each task, its instance, and the URL at which it answers.

--wait started (the default) waits for RUNNING, healthy for the container's health check, stopped for the end;
no does not wait. The exit code is the container's when one ended badly, 71 when too few tasks were placed, 75
when the time was up. Tasks go on after 75 and after Ctrl-C; what runs is named with the way to stop it.

Chips cannot be overridden: each set of them is a task definition of its own.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy import documents, exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.tasks import plan
from neuronserve.deploy.ecs.tasks import run as runs
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.deploy.ecs.tasks.watch import Goal
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import InvalidInput

_PATIENCE = {Goal.NO: 0.0, Goal.STARTED: 900.0, Goal.HEALTHY: 900.0, Goal.STOPPED: math.inf}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("taskdef", metavar="TASKDEF", help="a file, a family, FAMILY:REVISION or an ARN")
    parser.add_argument("--cluster", default="default", metavar="NAME")
    parser.add_argument("--count", type=int, default=1, metavar="N", help=f"tasks of each, 1 to {plan.MOST}")
    _where(parser.add_argument_group("where"))
    _changed(parser.add_argument_group("what is changed for this run"))
    _marked(parser.add_argument_group("how it is marked"))
    _waited(parser.add_argument_group("what is waited for"))


def _where(group: Any) -> None:
    group.add_argument(
        "--placement-constraint", action="append", default=[], metavar="EXPR",
        help="memberOf: `attribute:ecs.instance-type == inf1.xlarge`; may be repeated",
    )  # fmt: skip
    group.add_argument("--distinct-instance", action="store_true", help="each task on an instance of its own")
    group.add_argument(
        "--strategy", action="append", default=[], metavar="RULE",
        help="spread:FIELD, binpack:cpu, binpack:memory or random; may be repeated",
    )  # fmt: skip
    group.add_argument("--capacity-provider", action="append", default=[], metavar="NAME")
    group.add_argument("--launch-type", choices=("EC2", "EXTERNAL", "FARGATE"))
    group.add_argument(
        "--subnet", action="append", default=[], metavar="ID", help="for awsvpc; may be repeated"
    )
    group.add_argument("--security-group", action="append", default=[], metavar="ID", help="for awsvpc")
    group.add_argument("--public-ip", action="store_true", help="for awsvpc")
    group.add_argument("--no-preflight", action="store_true", help="do not look at the instances before")


def _changed(group: Any) -> None:
    group.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    group.add_argument("--container", metavar="NAME", help="whose --env and --command (default: the first)")
    group.add_argument("--overrides", metavar="FILE", help="RunTask's own `overrides`, as JSON or YAML")
    group.add_argument(
        "--command", nargs=argparse.REMAINDER, default=[], metavar="WORD", help="the rest of the line"
    )


def _marked(group: Any) -> None:
    group.add_argument("--group", metavar="NAME", help="task group (default: family:FAMILY)")
    group.add_argument("--started-by", metavar="TEXT", help="at most 128 letters, digits, - _ /")
    group.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    group.add_argument("--propagate-tags", action="store_true", help="the definition's tags too")
    group.add_argument("--client-token", metavar="TEXT", help="asked again with it, nothing starts twice")


def _waited(group: Any) -> None:
    group.add_argument("--wait", choices=[str(goal) for goal in Goal], default="started")
    group.add_argument("--timeout", type=seconds, metavar="S", help="default: 900 s; stopped: no limit")
    group.add_argument("--allow-partial", action="store_true", help="fewer tasks than --count are enough")
    group.add_argument("--stop-on-interrupt", action="store_true", help="Ctrl-C stops the tasks")


def run(given: argparse.Namespace, desk: Desk) -> int:
    what = _run(given)
    plan.check(what)
    targets = registered.resolve(desk, given.taskdef, dry_run=given.dry_run)
    if given.dry_run:
        requests = plan.requests(what, targets)
        desk.show(requests[0] if len(requests) == 1 else requests)
        if not given.client_token:
            desk.say("a clientToken of its own is added to each when it is sent")
        return exits.YES
    goal = Goal(given.wait)
    manner = runs.Manner(
        goal=goal,
        seconds=_PATIENCE[goal] if given.timeout is None else given.timeout,
        preflight=not given.no_preflight,
        partial=given.allow_partial,
        stop_on_interrupt=given.stop_on_interrupt,
    )
    return runs.run(desk, what, targets, manner)


def _run(given: argparse.Namespace) -> Run:
    if not 1 <= given.count <= plan.MOST:
        raise InvalidInput(f"--count {given.count}: RunTask takes 1 to {plan.MOST}")
    return Run(
        cluster=given.cluster,
        count=given.count,
        constraints=tuple(given.placement_constraint),
        distinct=given.distinct_instance,
        strategy=tuple(_strategy(rule) for rule in given.strategy),
        container=given.container,
        environment=pairs("--env", given.env),
        command=tuple(given.command),
        given=documents.read(given.overrides) if given.overrides else {},
        group=given.group,
        started_by=given.started_by,
        tags=pairs("--tag", given.tag),
        propagate_tags=given.propagate_tags,
        capacity_providers=tuple(given.capacity_provider),
        launch_type=given.launch_type,
        subnets=tuple(given.subnet),
        security_groups=tuple(given.security_group),
        public_ip=given.public_ip,
        token=given.client_token,
    )


def _strategy(rule: str) -> Mapping[str, str]:
    kind, _, field = rule.partition(":")
    if kind == "random" and not field:
        return {"type": kind}
    if kind == "binpack" and field in ("cpu", "memory"):
        return {"type": kind, "field": field}
    if kind == "spread" and field:
        return {"type": kind, "field": field}
    raise InvalidInput(
        f"--strategy {rule}: expected spread:FIELD (such as attribute:ecs.availability-zone, instanceId),"
        " binpack:cpu, binpack:memory or random"
    )
