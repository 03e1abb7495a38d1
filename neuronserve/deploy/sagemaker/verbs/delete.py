"""Delete an endpoint and all that belongs to it.

With it go its auto scaling, its configuration and those that deployments left behind, their models, and the
alarms that `deploy --errors-alarm` made. What another endpoint, configuration or running transform job uses
stays, and is told; so is what it wrote to S3, and its log (--logs deletes that too). It may be said again: an
endpoint that is gone may have left something. --dry-run prints what would be sent.
"""

from __future__ import annotations

import argparse

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import deletion
from neuronserve.deploy.sagemaker.following.options import positive
from neuronserve.deploy.sagemaker.plan import names


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="its name")
    parser.add_argument("--logs", action="store_true", help="its log group too")
    parser.add_argument(
        "--timeout", type=positive, default=1800, metavar="S", help="wait at most so long (1800)"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    name = names.check(given.endpoint, "endpoint")
    planned = deletion.plan(desk.aws, name, logs=given.logs)
    for line in planned.kept:
        desk.say(f"stays: {line}")
    for line in planned.left:
        desk.say(f"stays: {line}")
    if given.dry_run:
        desk.would_send(planned.calls)
        return exits.YES
    if not planned.calls:
        desk.say(f"{name}: nothing of it is there")
    deletion.delete(desk, planned, given.timeout)
    desk.show(
        {
            "endpoint": name,
            "deleted": [{"call": call, "request": request} for call, request in planned.calls],
            "kept": [*planned.kept],
            "left": [*planned.left],
        }
    )
    return exits.YES
