"""Create or update a service, and follow its rollout to the end.

Success is only this: the deployment that was begun here is the PRIMARY one, COMPLETED, and all its tasks
run. A service that ECS rolled back is stable, and no success. Exit code 1: failed, rolled back, superseded,
deleted meanwhile; the reasons and exit codes of its tasks are told. 71: no container instance can take its
tasks, as run-task explains it; where none ever can, nothing is sent. 75: the time was up; the rollout goes
on.

Tasks with chips are replaced in place (minimumHealthyPercent 0, maximumPercent 100): the old one must free
its chips before the new one can have them. The circuit breaker rolls back what does not start. An option that
is not given leaves a service that exists as it is; when nothing differs nothing is sent, and its state told.

A file with several definitions (slots) makes a service of each, one after the other: while one slot is
replaced the others serve, and a model that does not load stops at the first of them.
"""

from __future__ import annotations

import argparse

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.services import deployment, options


def arguments(parser: argparse.ArgumentParser) -> None:
    options.arguments(parser)


def run(given: argparse.Namespace, desk: Desk) -> int:
    wanted = options.wanted(given, desk)
    if given.dry_run:
        desk.would_send([call for item in wanted for call in deployment.plan(desk, item).calls])
        return exits.YES
    done = deployment.deploy_all(desk, wanted, options.patience(given))
    desk.show(done[0] if len(done) == 1 else done)
    return exits.YES
