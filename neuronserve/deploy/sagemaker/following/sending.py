"""Calls of SageMaker, sent in order; what comes right by itself in a moment is sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.following.planning import Call
from neuronserve.errors import DeploymentFailed, TimedOut

_SETTLES: Final = 30.0  # seconds in which SageMaker may not see what was made just before
_EVERY: Final = 5.0
_QUICK: Final = 2.0

_SEND: Final[Mapping[str, Callable[[Aws, Any], Any]]] = {
    "CreateModel": lambda aws, request: aws.sagemaker.create_model(**request),
    "CreateEndpointConfig": lambda aws, request: aws.sagemaker.create_endpoint_config(**request),
    "CreateEndpoint": lambda aws, request: aws.sagemaker.create_endpoint(**request),
    "UpdateEndpoint": lambda aws, request: aws.sagemaker.update_endpoint(**request),
    "DeleteEndpoint": lambda aws, request: aws.sagemaker.delete_endpoint(**request),
    "DeleteEndpointConfig": lambda aws, request: aws.sagemaker.delete_endpoint_config(**request),
    "DeleteModel": lambda aws, request: aws.sagemaker.delete_model(**request),
    "AddTags": lambda aws, request: aws.sagemaker.add_tags(**request),
    "PutMetricAlarm": lambda aws, request: aws.cloudwatch.put_metric_alarm(**request),
    "DeleteAlarms": lambda aws, request: aws.cloudwatch.delete_alarms(**request),
    "DeregisterScalableTarget": lambda aws, request: aws.scaling.deregister_scalable_target(**request),
    "DeleteLogGroup": lambda aws, request: aws.logs.delete_log_group(**request),
}
_NEEDS_OTHERS: Final = frozenset({"CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"})
_WAITS_FOR_ITS_TURN: Final = frozenset({"UpdateEndpoint", "DeleteEndpoint"})


def send(desk: Desk, call: Call) -> None:
    """Raises what AWS answers; see ``in_turn`` for an endpoint that is busy."""
    name, request = call
    begin = desk.clock.monotonic()
    while True:
        try:
            _SEND[name](desk.aws, request)
        except ClientError as error:
            early = name in _NEEDS_OTHERS and live.absent(error)  # made, and not seen everywhere yet
            if not early or desk.clock.monotonic() - begin >= _SETTLES:
                raise
            desk.clock.sleep(_QUICK)
        else:
            return


def in_turn(desk: Desk, endpoint: str, call: Call, seconds: float) -> None:
    """The same for a call about an endpoint, which SageMaker refuses while another one goes on there."""
    end = desk.clock.monotonic() + seconds
    while True:
        try:
            send(desk, call)
        except ClientError as error:
            if call[0] not in _WAITS_FOR_ITS_TURN or not live.in_progress(error):
                raise _told(error, endpoint) from None
        else:
            return
        if seconds <= 0:
            raise DeploymentFailed(
                f"{endpoint}: another update is going on, and SageMaker takes one at a time",
                hint="try again when it ended, or with --wait",
            )
        wait_until_free(desk, endpoint, end - desk.clock.monotonic())


def wait_until_free(desk: Desk, endpoint: str, seconds: float) -> None:
    """Until nothing goes on at the endpoint. Raises TimedOut."""
    told = False

    def free() -> bool | None:
        nonlocal told
        found = live.endpoint(desk.aws, endpoint)
        status = found["EndpointStatus"] if found else None
        if status is None or status not in {*live.IN_PROGRESS, live.DELETING}:
            return True
        if not told:
            desk.say(f"{endpoint}: it is {status} since before; waiting until that ended")
            told = True
        return None

    if seconds <= 0:
        raise TimedOut(f"{endpoint}: another update did not end in time", hint="try again later")
    desk.until(
        free, what=f"end of what goes on at endpoint {endpoint}", seconds=seconds, every=_EVERY,
        hint="nothing was sent to it",
    )  # fmt: skip


def _told(error: ClientError, endpoint: str) -> Exception:
    if "already existing" in str(error):
        return DeploymentFailed(
            f"endpoint {endpoint} was created by somebody else just now, or its name differs only in case",
            hint="deploy again: it is updated then",
        )
    return error
