"""RunTask: sent once, with a token that makes asking again safe."""

from __future__ import annotations

import dataclasses
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.errors import NotPlaced

_NO_INSTANCES = "No Container Instances were found"


@dataclasses.dataclass(frozen=True)
class Placed:
    """What ECS did with a request. ``short``: how many tasks it did not place, with or without failures."""

    request: dict[str, Any]
    tasks: tuple[Task, ...]
    failures: tuple[dict[str, Any], ...]

    @property
    def short(self) -> int:
        return int(self.request.get("count", 1)) - len(self.tasks)


def place(desk: Desk, request: dict[str, Any]) -> Placed:
    """Send a RunTask request. Raises NotPlaced where there is no instance at all, and botocore's errors."""
    try:
        answer: Any = desk.aws.ecs.run_task(**request)
    except (ClientError, HTTPClientError, KeyboardInterrupt) as error:
        if isinstance(error, ClientError) and _NO_INSTANCES in str(error):
            raise NotPlaced(
                f"cluster {request['cluster']} has no container instances",
                hint="add one, or use --capacity-provider; --launch-type rules out the cluster's own",
            ) from None
        if _uncertain(error):
            desk.say(
                "whether ECS took the request is not known; asked again with"
                f" --client-token {request.get('clientToken')}, it starts nothing twice"
            )
        raise
    return Placed(request, tuple(answer.get("tasks") or ()), tuple(answer.get("failures") or ()))


def _uncertain(error: BaseException) -> bool:
    if not isinstance(error, ClientError):
        return True
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
