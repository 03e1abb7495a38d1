"""Deploying an endpoint: look, plan, judge, send what differs, and follow it to its end."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy import verdict
from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live, planning, pruning, sending, watching
from neuronserve.deploy.sagemaker.following.judging import Ours
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.deploy.sagemaker.following.planning import Call, Plan, Wish
from neuronserve.deploy.sagemaker.plan import checked, names
from neuronserve.deploy.sagemaker.plan.requests import Requests, tags
from neuronserve.errors import AwsFailed, AwsRefused, DeploymentFailed, InvalidInput


@dataclasses.dataclass(frozen=True)
class Patience:
    """``wait``: until the deployment ended, at most ``seconds``. ``prune``: then remove what is left over."""

    wait: bool = True
    seconds: float = 3600
    prune: bool = False


@dataclasses.dataclass(frozen=True)
class Order:
    """What to deploy. ``alarms``: PutMetricAlarm requests that come first. ``accepted``: codes of findings
    that are to refuse nothing.
    """

    made: Requests
    wish: Wish = Wish()
    alarms: tuple[dict[str, Any], ...] = ()
    accepted: tuple[str, ...] = ()


def dry_run(desk: Desk, order: Order) -> Sequence[Call]:
    """What would be sent; where AWS cannot be asked what there is, as for a new endpoint, which is told."""
    try:
        planned = planning.plan(desk.aws, order.made, order.wish)
    except Exception as error:
        why = _unasked(error)
        if why is None:
            raise
        desk.say(f"note: AWS cannot be asked what there is, so this is a new endpoint: {why}")
        planned = planning.offline(order.made)
    _judge(desk, order, planned)
    return _with_alarms(order, planned)


def deploy(desk: Desk, order: Order, patience: Patience) -> Described:
    """What runs in the end. Raises InvalidInput, DeploymentFailed, TimedOut."""
    endpoint = order.made.endpoint["EndpointName"]
    planned = planning.plan(desk.aws, order.made, order.wish)
    _judge(desk, order, planned)
    if _busy(planned):
        _wait(desk, endpoint, patience)
        planned = planning.plan(desk.aws, order.made, order.wish)
    if not planned.calls:
        desk.say(f"{endpoint}: it is so already; nothing is sent")
    return carry_out(desk, planned, _with_alarms(order, planned), patience)


def carry_out(desk: Desk, planned: Plan, calls: Sequence[Call], patience: Patience) -> Described:
    """Sends, follows, remembers the way back, prunes."""
    begin = desk.clock.monotonic()
    for call in calls:
        desk.say(f"{planned.endpoint}: {call[0]}{_named(call)}")
        left = patience.seconds - (desk.clock.monotonic() - begin) if patience.wait else 0
        sending.in_turn(desk, planned.endpoint, call, left)
        if call[0] == "DeleteEndpoint":
            sending.wait_until_free(desk, planned.endpoint, max(patience.seconds, 1))
    forget = _remember(desk, planned)
    ours = Ours(planned.endpoint, planned.config, planned.before_config)
    if patience.wait:
        try:
            found = watching.follow(desk, ours, patience.seconds)
        except DeploymentFailed:
            forget()
            raise
        desk.say(f"{planned.endpoint}: deployed: {planned.config} is in service")
    else:
        desk.say(f"{planned.endpoint}: {watching.GOES_ON}")
        found = live.endpoint(desk.aws, planned.endpoint) or {}
    if patience.wait and patience.prune:
        pruning.prune(desk, planned.endpoint)
    return found


def _remember(desk: Desk, planned: Plan) -> Callable[[], None]:
    """The way back, noted before anybody waits: whoever waits may give up, and the update goes on.

    What is returned takes it back, where the update did not go through.
    """
    before = planned.before
    if not (planned.update and before and (tag := planning.remember(before, planned.config))):
        return lambda: None
    former = live.tags(desk.aws, before["EndpointArn"]).get(names.PREVIOUS)
    sending.send(desk, tag)

    def forget() -> None:
        if former:
            request = {"ResourceArn": before["EndpointArn"], "Tags": tags({names.PREVIOUS: former})}
            with contextlib.suppress(ClientError):  # what is told is why it failed
                sending.send(desk, ("AddTags", request))

    return forget


def result(endpoint: Described, config: str) -> dict[str, Any]:
    """For a machine: what was deployed, and how it stood when this was known."""
    return {
        "endpoint": endpoint.get("EndpointName"),
        "arn": endpoint.get("EndpointArn"),
        "config": config,
        "serving": endpoint.get("EndpointConfigName"),
        "status": endpoint.get("EndpointStatus"),
        "instances": live.variants(endpoint),
    }


def _judge(desk: Desk, order: Order, planned: Plan) -> None:
    found = checked.findings(
        order.made,
        desk.aws.region_if_known,
        planned.update,
        live.variants(planned.before) if planned.before else None,
    )
    for line in verdict.remarks(found, order.accepted):
        desk.say(line)


def _busy(planned: Plan) -> bool:
    """Something else goes on at the endpoint, and something is to be sent to it."""
    status = planned.before["EndpointStatus"] if planned.before else ""
    sends = any(name in ("UpdateEndpoint", "CreateEndpoint") for name, _ in planned.calls)
    return sends and (status in live.IN_PROGRESS or status == live.DELETING)


def _wait(desk: Desk, endpoint: str, patience: Patience) -> None:
    if not patience.wait:
        raise DeploymentFailed(
            f"{endpoint}: something else goes on there, and SageMaker takes one change at a time",
            hint="try again when it ended, or with --wait",
        )
    sending.wait_until_free(desk, endpoint, patience.seconds)


def _with_alarms(order: Order, planned: Plan) -> list[Call]:
    """Alarms have to be there before the endpoint names them; without a change of it they are not needed."""
    sends = any(name in ("UpdateEndpoint", "CreateEndpoint") for name, _ in planned.calls)
    alarms = [("PutMetricAlarm", request) for request in order.alarms] if sends else []
    return [*alarms, *planned.calls]


def _unasked(error: Exception) -> str | None:
    """Why AWS cannot be asked; None for any other error."""
    known = error if isinstance(error, (AwsRefused, AwsFailed, InvalidInput)) else explained(error)
    if isinstance(known, (AwsRefused, AwsFailed)) or (
        isinstance(known, InvalidInput) and "region" in known.message
    ):
        return known.message
    return None


def _named(call: Call) -> str:
    """What a call is about, for a person."""
    members = ("ModelName", "EndpointConfigName", "AlarmName")
    found = next((call[1][member] for member in members if member in call[1]), "")
    return f" {found}" if found else ""
