"""Stop tasks: those named, or all of a service or a family; wait, and print their exit codes.

A service starts other tasks in place of those stopped: scale it instead when it is to rest.
"""

from __future__ import annotations

import argparse

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import find, stopping
from neuronserve.deploy.waiting import seconds


def arguments(parser: argparse.ArgumentParser) -> None:
    find.arguments(parser, several=True)
    parser.add_argument("--reason", default=stopping.REASON, help="what ECS keeps as stoppedReason")
    parser.add_argument(
        "--timeout", type=seconds, default=300, metavar="S", help="seconds to wait for the end (default: 300)"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    which = find.which(given)
    return stopping.stop(desk, which, reason=given.reason, seconds=given.timeout, dry_run=given.dry_run)
