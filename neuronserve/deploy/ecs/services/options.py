"""The options of ``deploy-service``, and the wanted services that they make."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import difference, registered
from neuronserve.deploy.ecs.rendering import names
from neuronserve.deploy.ecs.services import history, live
from neuronserve.deploy.ecs.services.deployment import Patience
from neuronserve.deploy.ecs.services.wanted import Provider, Wanted
from neuronserve.deploy.pairs import pairs
from neuronserve.errors import InvalidInput

_SLOT = re.compile(r"-slot\d+$")
_MOST = 2_147_483_647  # seconds, AWS's own limit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "task_definition", metavar="TASKDEF", nargs="?",
        help="a file (registered when changed; a list of definitions makes a service of each), "
        "family[:revision] or ARN",
    )  # fmt: skip
    parser.add_argument("--service", metavar="NAME", help="default: the family; of several: NAME-slotN")
    parser.add_argument("--cluster", default="default", help="its name or ARN (default: default)")
    _size(parser.add_argument_group("tasks"))
    _capacity(parser.add_argument_group("where they run"))
    _network(parser.add_argument_group("network"))
    _rollout(parser.add_argument_group("rollout"))


def _size(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--count",
        type=natural,
        metavar="N",
        help="how many tasks; a new service has 1, another keeps its number",
    )
    group.add_argument("--daemon", action="store_true", help="one task on each instance that matches")
    group.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="of the service")
    group.add_argument(
        "--enable-execute-command", action=argparse.BooleanOptionalAction, default=None,
        help="allow `aws ecs execute-command`",
    )  # fmt: skip


def _capacity(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--placement-constraint", action="append", default=[], metavar="EXPR",
        help="an expression that instances must fulfil, besides those of the task definition",
    )  # fmt: skip
    group.add_argument(
        "--capacity-provider", action="append", default=[], metavar="NAME[:WEIGHT[:BASE]]",
        help="needed for Managed Instances",
    )  # fmt: skip
    group.add_argument("--launch-type", choices=("EC2", "EXTERNAL", "FARGATE"))
    group.add_argument("--no-preflight", action="store_true", help="do not look at the instances before")


def _network(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--target-group", action="append", default=[], metavar="ARN", help="of a load balancer"
    )
    group.add_argument("--container-port", type=natural, metavar="P", help="default: the only one")
    group.add_argument(
        "--grace-seconds", type=natural, metavar="S",
        help="ignore failed health checks so long after a start (default with a target group: as long as the "
        "container's own health check waits)",
    )  # fmt: skip
    group.add_argument("--subnet", action="append", default=[], metavar="ID", help="for awsvpc")
    group.add_argument("--security-group", action="append", default=[], metavar="ID", help="for awsvpc")


def _rollout(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--minimum-healthy", type=natural, metavar="PERCENT",
        help="go on with so many tasks while the others are replaced (with chips 0: they are freed first)",
    )  # fmt: skip
    group.add_argument("--force-new-deployment", action="store_true", help="deploy also when nothing changed")
    group.add_argument(
        "--rollback", action="store_true", help="go back to what was deployed, and completed, before this one"
    )
    group.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="until the rollout ended (default)",
    )
    group.add_argument(
        "--timeout",
        type=natural,
        default=1800,
        metavar="S",
        help="wait at most so long for a service (1800)",
    )


def natural(text: str) -> int:
    """For argparse: a whole number, 0 or more."""
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more: {text}")
    return int(text)


def patience(given: argparse.Namespace) -> Patience:
    return Patience(wait=given.wait, seconds=given.timeout, preflight=not given.no_preflight)


def wanted(given: argparse.Namespace, desk: Desk) -> list[Wanted]:
    """Nothing is registered yet: the task definitions of a file have their families as names."""
    base = _base(given)
    if given.rollback:
        return _rolled_back(given, desk, base)
    if given.task_definition is None:
        raise InvalidInput(
            "no TASKDEF", hint="a file, family[:revision] or ARN; --rollback needs --service alone"
        )
    targets = registered.resolve(desk, given.task_definition, dry_run=True)
    known = [_as_registered(desk, target) if given.dry_run else target for target in targets]
    return [
        dataclasses.replace(base, name=name, task_definition=target.name, definition=target.request)
        for name, target in zip(service_names(given.service, known), known, strict=True)
    ]


def _base(given: argparse.Namespace) -> Wanted:
    return Wanted(
        name="", task_definition="", definition={},
        cluster=given.cluster, count=given.count, daemon=given.daemon,
        constraints=tuple(given.placement_constraint),
        providers=tuple(Provider.parse(text) for text in given.capacity_provider),
        launch_type=given.launch_type,
        target_groups=tuple(given.target_group), container_port=given.container_port,
        grace_seconds=given.grace_seconds,
        subnets=tuple(given.subnet), security_groups=tuple(given.security_group),
        minimum_healthy=given.minimum_healthy, execute_command=given.enable_execute_command,
        force=given.force_new_deployment, tags=_tags(given.tag),
    )  # fmt: skip


def _tags(words: list[str]) -> Mapping[str, str]:
    found = pairs("--tag", words)
    names.tags(found)
    return found


def _as_registered(desk: Desk, target: registered.Target) -> registered.Target:
    """In a dry run a file that is registered already, unchanged, is that revision."""
    if target.name.startswith("arn:"):
        return target
    known = registered.latest(desk.aws, target.name)
    changes = difference.difference(known.request, target.request) if known else ()
    if known and all(change.steps[0] == "tags" for change in changes):
        return registered.Target(known.arn, target.request)
    desk.say(f"{target.name}: a new revision would be registered")
    return target


def service_names(name: str | None, targets: list[registered.Target]) -> list[str]:
    """``name`` for one; of several the slot's own suffix, or its place. Without a name the families."""
    families = [target.name.rpartition("/")[2].partition(":")[0] for target in targets]
    if name is None:
        found = families
    elif len(targets) == 1:
        found = [name]
    else:
        suffixes = [match[0] if (match := _SLOT.search(family)) else None for family in families]
        found = [f"{name}{suffix or f'-slot{place}'}" for place, suffix in enumerate(suffixes)]
    if len(set(found)) < len(found):
        raise InvalidInput(
            f"several task definitions for one service: {', '.join(found)}", hint="give each a family"
        )
    return found


def _rolled_back(given: argparse.Namespace, desk: Desk, base: Wanted) -> list[Wanted]:
    """Each service with what it had before. TASKDEF, if given, only says which services."""
    if given.task_definition is not None:
        targets = registered.resolve(desk, given.task_definition, dry_run=True)
        services = service_names(given.service, targets)
    elif given.service:
        services = [given.service]
    else:
        raise InvalidInput(
            "--rollback of which service?", hint="use --service NAME, or the TASKDEF it was made of"
        )
    return [_earlier(desk, base, name) for name in services]


def _earlier(desk: Desk, base: Wanted, name: str) -> Wanted:
    service: dict[str, Any] = live.running(desk.aws, base.cluster, name)
    earlier = history.last_good(desk, service)
    now = str(service.get("taskDefinition")).rpartition("/")[2]
    back = earlier.definition.arn
    desk.say(f"{name}: back from {now} to {back.rpartition('/')[2]} ({earlier.how})")
    return dataclasses.replace(base, name=name, task_definition=back, definition=earlier.definition.request)
