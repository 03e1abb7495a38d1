"""The last lines that an endpoint's containers wrote.

SageMaker writes them to the log group ``/aws/sagemaker/Endpoints/NAME``, a stream for each instance:
``VARIANT/INSTANCE``, with several containers ``VARIANT/INSTANCE/CONTAINER``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of, explained

_STREAMS = 3  # the latest


def group(endpoint: str) -> str:
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def tail(aws: Aws, endpoint: str, lines: int = 20) -> list[str]:
    """The newest streams' last lines, each stream under its name; or why there are none."""
    return of_group(aws, group(endpoint), lines)


def of_group(aws: Aws, name: str, lines: int, prefix: str = "") -> list[str]:
    """The same of any log group; with a ``prefix``, of the streams whose names begin so."""
    none = f"no log in {name}{f' under {prefix}' if prefix else ''}: nothing was written there"
    try:
        found = list(_tail(aws, name, lines, prefix))
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return [none]
        return [f"the log in {name} cannot be read: {_why(error)}"]
    except Exception as error:
        if explained(error) is None:
            raise
        return [f"the log in {name} cannot be read: {_why(error)}"]
    return found or [none]


def _why(error: Exception) -> str:
    known = explained(error)
    return known.message if known else str(error)


def _tail(aws: Aws, name: str, lines: int, prefix: str) -> Iterator[str]:
    logs: Any = aws.logs
    # CloudWatch Logs orders by time, or by name below a prefix
    which = {"logStreamNamePrefix": prefix} if prefix else {"orderBy": "LastEventTime", "descending": True}
    streams = logs.describe_log_streams(logGroupName=name, limit=_STREAMS, **which)["logStreams"]
    for stream in streams:
        events = aws.logs.get_log_events(
            logGroupName=name, logStreamName=stream["logStreamName"], limit=lines, startFromHead=False
        )["events"]
        if events:
            yield f"log {name}, {stream['logStreamName']}:"
            yield from (f"  {event['message'].rstrip()}" for event in events)
