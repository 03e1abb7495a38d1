"""Old revisions, deregistered and deleted: first a plan, then done step by step."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.ecs.registry import described
from neuronserve.deploy.ecs.registry.users import users as found_users
from neuronserve.deploy.waiting import Clock

_AT_ONCE: Final = 10  # DeleteTaskDefinitions takes no more
_THROTTLED: Final = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
_LONGEST: Final = 32  # seconds

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class Plan:
    """``kept``: ARN -> why, where it is not one of the newest; all ARNs newest first."""

    newest: tuple[str, ...]
    kept: Mapping[str, tuple[str, ...]]
    deregister: tuple[str, ...]
    delete: tuple[str, ...]

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Operations of ECS with their parameters, in order."""
        batches = [self.delete[at : at + _AT_ONCE] for at in range(0, len(self.delete), _AT_ONCE)]
        return [
            *(("DeregisterTaskDefinition", {"taskDefinition": arn}) for arn in self.deregister),
            *(("DeleteTaskDefinitions", {"taskDefinitions": list(batch)}) for batch in batches),
        ]


@dataclasses.dataclass
class Done:
    """What was done so far; it grows, so that an error on the way hides nothing."""

    deregistered: list[str] = dataclasses.field(default_factory=list)
    deleted: list[str] = dataclasses.field(default_factory=list)
    failures: list[dict[str, str]] = dataclasses.field(default_factory=list)


def plan(aws: Aws, family: str, *, keep: int, delete: bool) -> Plan:
    """What to do so that the newest ``keep`` ACTIVE revisions are left, and those that are used.

    ``delete``: also take away what is INACTIVE then. Who uses them is looked at last: what a service began to
    use meanwhile stays.
    """
    active = described.arns(aws, family)
    inactive = described.arns(aws, family, "INACTIVE") if delete else []
    users = found_users(aws)
    old = active[keep:]
    unused = tuple(arn for arn in old if not users.get(arn))
    return Plan(
        newest=tuple(active[:keep]),
        kept={arn: tuple(users[arn]) for arn in [*old, *inactive] if users.get(arn)},
        deregister=unused,
        delete=(*unused, *(arn for arn in inactive if not users.get(arn))) if delete else (),
    )


def carry_out(aws: Aws, made: Plan, done: Done, clock: Clock) -> None:
    """Do it. What ECS refuses to delete is in ``done.failures``; raises what stops the rest."""
    for operation, parameters in made.calls():
        if operation == "DeregisterTaskDefinition":
            _patiently(functools.partial(aws.ecs.deregister_task_definition, **parameters), clock)
            done.deregistered.append(parameters["taskDefinition"])
        else:
            _delete(aws, parameters, done, clock)


def _delete(aws: Aws, parameters: dict[str, Any], done: Done, clock: Clock) -> None:
    answer = _patiently(functools.partial(aws.ecs.delete_task_definitions, **parameters), clock)
    refused = {failure.get("arn", ""): failure for failure in answer.get("failures", [])}
    for arn, failure in refused.items():
        why = ": ".join(filter(None, (failure.get("reason"), failure.get("detail"))))
        done.failures.append({"arn": arn, "reason": why})
    done.deleted.extend(arn for arn in parameters["taskDefinitions"] if arn not in refused)


def _patiently(call: Callable[[], Answer], clock: Clock) -> Answer:
    """Call; a family of many revisions is above ECS's rate, which botocore's own retries do not wait out."""
    for exponent in itertools.count():
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in _THROTTLED or 2**exponent > _LONGEST:
                raise
            clock.sleep(2**exponent)
    raise AssertionError("the loop ends in a return or a raise")
