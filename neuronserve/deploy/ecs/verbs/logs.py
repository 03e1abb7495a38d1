"""Print the log of a task's containers, or of all tasks of a service or family.

The task definition tells where it is: awslogs-group, awslogs-stream-prefix, awslogs-region. Of a service or
family the running tasks are meant, or those that ended in the last hour when none runs. With several streams,
lines are in the order of time and each begins with the task and the container.

ECS forgets a task an hour after it stopped; its log stays. Give the task's id and --definition then.
"""

from __future__ import annotations

import argparse
import time

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import logs
from neuronserve.deploy.ecs.tasks import find
from neuronserve.deploy.ecs.tasks.journal import Journal, Wanted
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    find.arguments(parser, several=True)
    parser.add_argument(
        "--follow", "-f", action="store_true", help="go on until the tasks named have stopped"
    )
    parser.add_argument("--since", metavar="WHEN", help="30s, 10m, 2h, 1d ago, or a time in ISO 8601")
    parser.add_argument("--container", metavar="NAME", help="only this container's")
    parser.add_argument("--timestamps", action="store_true", help="begin each line with its time (UTC)")
    parser.add_argument(
        "--definition", metavar="FAMILY[:REVISION]", help="what TASK was, where ECS has forgotten it"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    which = find.which(given)
    if given.definition and not which.tasks:
        raise InvalidInput("--definition is for a TASK that ECS has forgotten")
    since = logs.moment(given.since, time.time()) if given.since else None
    wanted = Wanted(which, given.container, since, given.timestamps, given.follow, given.definition)
    Journal(desk, wanted).show()
    return exits.YES
