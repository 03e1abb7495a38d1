"""Create or update an endpoint, and follow it to its true end.

A model, an endpoint configuration and an endpoint are made of the options; the names of the first two follow
from their content, so that the same command sends nothing twice, and another makes an update. Everything is
checked before anything is sent: AWS's shapes, its documented rules, and whether the model fits the chips.

Success is only this: the configuration that was asked for is in service. Exit code 1: it failed, or was
rolled back, also when the endpoint is InService again with what it had; the reason and the end of the
container's log are told. 75: the time was up; it goes on. --rollback goes back to what served before.

An update keeps what auto scaling or a person set since: numbers of instances, unless --instance-count is
given, and weights. --dry-run prints every request in order, also without AWS.
"""

from __future__ import annotations

import argparse

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import asked, deployment, options, rollback
from neuronserve.deploy.sagemaker.following.planning import Wish
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    options.arguments(parser)


def run(given: argparse.Namespace, desk: Desk) -> int:
    if given.rollback:
        return _back(given, desk)
    order = asked.order(given, desk)
    if given.dry_run:
        desk.would_send(deployment.dry_run(desk, order))
        return exits.YES
    found = deployment.deploy(desk, order, asked.patience(given))
    desk.show(deployment.result(found, order.made.config["EndpointConfigName"]))
    return exits.YES


_OF_WHAT_IS_NEW = (
    "image", "model_data", "compilation_job", "model", "env", "container", "variant", "instance_type",
    "capture", "errors_alarm", "recreate",
)  # fmt: skip


def _back(given: argparse.Namespace, desk: Desk) -> int:
    name = names.check(given.endpoint, "endpoint")
    if idle := [word for word in _OF_WHAT_IS_NEW if getattr(given, word)]:
        raise InvalidInput(
            f"--rollback with --{idle[0].replace('_', '-')}: what served before is taken as it was",
            hint="leave it out, or deploy without --rollback",
        )
    policy = asked.rollout(given, name, ())
    wish = Wish(counts=given.instance_count is not None)
    planned = rollback.plan(desk, name, policy.request() if policy else None, wish)
    if given.dry_run:
        desk.would_send(planned.calls)
        return exits.YES
    found = deployment.carry_out(desk, planned, planned.calls, asked.patience(given))
    desk.show(deployment.result(found, planned.config))
    return exits.YES
