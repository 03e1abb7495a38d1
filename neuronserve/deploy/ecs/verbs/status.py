"""Show a cluster: container instances, services, tasks, and which task has which chips.

It warns of what ECS does not see: two tasks of one instance with the same chip, and chips that an instance
does not have. TASK, --service or --family narrow what is shown. Tasks that stopped are shown for an hour.
"""

from __future__ import annotations

import argparse
import dataclasses

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import find, overview, overview_text


def arguments(parser: argparse.ArgumentParser) -> None:
    find.arguments(parser, several=True)
    parser.add_argument("--output", choices=("text", "json", "yaml"), default="text", help="default: text")


def run(given: argparse.Namespace, desk: Desk) -> int:
    found = overview.document(desk, find.which(given, needed=False))
    if given.output == "text":
        for line in overview_text.lines(found):
            desk.line(line)
    else:
        dataclasses.replace(desk, form=given.output).show(found)
    return exits.YES
