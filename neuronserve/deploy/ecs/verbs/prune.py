"""Deregister the old revisions of a family.

The newest --keep ACTIVE revisions stay, and whatever a deployment of a service, or a task that has not
stopped, uses in any cluster of the region. What nobody runs now cannot be seen: the revision to which
`deploy-service --rollback` would go back, or one that a schedule, a rule of EventBridge or a pipeline names.
Keep enough: ECS never makes a revision ACTIVE again. --delete also deletes what is INACTIVE then.
"""

from __future__ import annotations

import argparse

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import pruning
from neuronserve.deploy.ecs.registry.described import checked_family
from neuronserve.errors import AwsFailed, NoSuchResource


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", metavar="FAMILY")
    parser.add_argument(
        "--keep", metavar="N", type=_kept, required=True, help="how many of the newest stay, 1 at least"
    )
    parser.add_argument("--delete", action="store_true", help="also delete those that are INACTIVE")


def run(given: argparse.Namespace, desk: Desk) -> int:
    family = checked_family(given.family)
    made = pruning.plan(desk.aws, family, keep=given.keep, delete=given.delete)
    if not (made.newest or made.kept or made.delete):
        raise NoSuchResource(f"{family}: nothing is registered")
    kept = {"newest": made.newest, "in_use": made.kept}
    if given.dry_run:
        calls = [{operation: parameters} for operation, parameters in made.calls()]
        desk.show({"family": family, "kept": kept, "calls": calls})
        return exits.YES
    done = pruning.Done()
    try:
        pruning.carry_out(desk.aws, made, done, desk.clock)
    finally:  # also what was done before an error
        desk.show({
            "family": family, "kept": kept, "deregistered": done.deregistered, "deleted": done.deleted,
            "failures": done.failures,
        })  # fmt: skip
    if done.failures:
        raise AwsFailed(f"{family}: {len(done.failures)} of {len(made.delete)} could not be deleted")
    return exits.YES


def _kept(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more: the newest revision always stays")
