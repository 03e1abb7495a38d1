"""What of a wanted service AWS would refuse, or cannot work with chips: told before anything is sent."""

from __future__ import annotations

import re

from neuronserve.deploy.ecs.services.chips import Chips
from neuronserve.deploy.ecs.services.wanted import Wanted
from neuronserve.deploy.ecs.tasks import definition
from neuronserve.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TARGET_GROUP = re.compile(r"arn:[^:]+:elasticloadbalancing:[^:]+:\d{12}:targetgroup/[^/]+/[0-9a-f]+")
_CONSTRAINTS = 10
_EXPRESSION = 2000  # characters


def check(wanted: Wanted) -> None:
    """Raises InvalidInput for what is wrong whatever runs already."""
    if not _NAME.fullmatch(wanted.name):
        raise InvalidInput(
            f"service name {wanted.name!r}: 1 to 255 letters, digits, _ and - are allowed",
            hint="use --service",
        )
    _check_capacity(wanted)
    _check_daemon(wanted)
    _check_constraints(wanted)
    _check_network(wanted)
    for arn in wanted.target_groups:
        if not _TARGET_GROUP.fullmatch(arn):
            raise InvalidInput(
                f"--target-group {arn}: not the ARN of a target group",
                hint="`aws elbv2 describe-target-groups` shows it: arn:...:targetgroup/NAME/ID",
            )
    if wanted.minimum_healthy is not None and wanted.minimum_healthy > 100:
        raise InvalidInput(f"--minimum-healthy {wanted.minimum_healthy}: expected a percentage, 0 to 100")
    if wanted.container_port is not None and not wanted.target_groups:
        raise InvalidInput("--container-port is for --target-group: none is given")


def _check_capacity(wanted: Wanted) -> None:
    if wanted.providers and wanted.launch_type:
        raise InvalidInput("--capacity-provider and --launch-type exclude each other", hint="leave one out")
    if len(wanted.providers) > 20:
        raise InvalidInput("a strategy has at most 20 capacity providers")
    if len({provider.name for provider in wanted.providers}) < len(wanted.providers):
        raise InvalidInput("a capacity provider is given twice")
    if sum(provider.base > 0 for provider in wanted.providers) > 1:
        raise InvalidInput("only one capacity provider of a strategy can have a base")
    if wanted.providers and not any(provider.weight for provider in wanted.providers):
        raise InvalidInput("one capacity provider at least needs a weight above 0")
    if wanted.chips is Chips.MANAGED and wanted.launch_type:
        raise InvalidInput(
            f"--launch-type {wanted.launch_type}: tasks with NeuronDevice run on Managed Instances only",
            hint="use --capacity-provider",
        )
    if wanted.chips is not Chips.NONE and wanted.launch_type == "FARGATE":
        raise InvalidInput("Fargate has no Neuron chips", hint="leave --launch-type out, or use EC2")


def _check_daemon(wanted: Wanted) -> None:
    if not wanted.daemon:
        return
    if wanted.count is not None:
        raise InvalidInput("a daemon service has no --count: ECS runs one task on each matching instance")
    if wanted.providers:
        raise InvalidInput(
            "a daemon service takes no --capacity-provider: ECS refuses it",
            hint="leave it out; the daemon runs on instances that are there",
        )
    if wanted.chips is Chips.MANAGED or wanted.launch_type == "FARGATE":
        raise InvalidInput(
            "a daemon service runs on EC2 or EXTERNAL instances only", hint="leave --daemon out"
        )


def _check_constraints(wanted: Wanted) -> None:
    own = definition.constraints(wanted.definition)
    mine = len(wanted.constraints) + (wanted.chips is Chips.DEVICES and not wanted.daemon)
    if len(own) + mine > _CONSTRAINTS:
        raise InvalidInput(
            f"{len(own)} placement constraints in the task definition and {mine} of the service: "
            f"ECS takes {_CONSTRAINTS} in all"
        )
    for expression in wanted.constraints:
        if not expression.strip() or len(expression) > _EXPRESSION:
            raise InvalidInput(
                f"--placement-constraint: expected an expression of 1 to {_EXPRESSION} characters",
                hint="such as: attribute:ecs.instance-type == inf1.xlarge",
            )


def check_share(wanted: Wanted, count: int) -> None:
    """With at most 100 percent running, some task must be allowed to stop, or no rollout ever moves."""
    percent = wanted.minimum_healthy
    if percent and count and wanted.chips is not Chips.NONE and not one_may_stop(percent, count):
        raise InvalidInput(
            f"--minimum-healthy {percent} with {count} task(s): none could stop, so none could be replaced",
            hint="a task has to free its chips before the next one can have them; use a smaller number",
        )


def one_may_stop(percent: int, count: int) -> bool:
    """Whether ECS, which rounds up, lets one of ``count`` tasks stop while ``percent`` have to go on."""
    return -(-count * percent // 100) < count


def _check_network(wanted: Wanted) -> None:
    if wanted.security_groups and not wanted.subnets:
        raise InvalidInput("--security-group needs --subnet")
    if wanted.subnets and not wanted.awsvpc:
        raise InvalidInput(
            "--subnet is for task definitions with networkMode awsvpc: this one has "
            f"{wanted.definition.get('networkMode') or 'bridge'}",
            hint="leave it out",
        )
    if len(wanted.subnets) > 16 or len(wanted.security_groups) > 5:
        raise InvalidInput("at most 16 subnets and 5 security groups")


def check_new(wanted: Wanted) -> None:
    """Raises InvalidInput for what only a service that is to be created needs."""
    check(wanted)
    check_share(wanted, 1 if wanted.count is None else wanted.count)
    check_subnets(wanted)
    check_provider(wanted)


def check_subnets(wanted: Wanted) -> None:
    if wanted.awsvpc and not wanted.subnets:
        raise InvalidInput(
            "a task definition with networkMode awsvpc needs --subnet", hint="and --security-group"
        )


def check_provider(wanted: Wanted) -> None:
    if wanted.chips is Chips.MANAGED and not wanted.providers:
        raise InvalidInput(
            "tasks with NeuronDevice run on Managed Instances, which are had through a capacity provider",
            hint="use --capacity-provider NAME",
        )
