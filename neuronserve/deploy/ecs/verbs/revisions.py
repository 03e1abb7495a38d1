"""List the revisions of a family, newest first, and which services and tasks use them."""

from __future__ import annotations

import argparse

from neuronserve.deploy import aws, exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import columns
from neuronserve.deploy.ecs.registry import revisions as room
from neuronserve.deploy.ecs.registry.described import checked_family
from neuronserve.deploy.ecs.registry.users import users
from neuronserve.errors import AwsRefused, NoSuchResource


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", metavar="FAMILY")
    parser.add_argument("--all", action="store_true", help="also those that are INACTIVE or being deleted")
    parser.add_argument("--newest", metavar="N", type=_count, help="no more than these (all)")
    parser.add_argument(
        "--cluster", metavar="NAME", action="append", default=[], help="look for users here only; repeatable"
    )
    parser.add_argument(
        "--output", choices=("table", "json", "yaml"), default="table", help="for a person, or for a machine"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    family = checked_family(given.family)
    found = list(
        room.read(desk.aws, family, _users(desk, given.cluster), inactive=given.all, newest=given.newest)
    )
    if not found:
        which = "" if given.all else "ACTIVE "
        hint = "" if given.all else "--all shows others"
        raise NoSuchResource(f"{family}: no {which}revision is registered", hint=hint)
    if given.output != "table":
        desk.show([revision.as_dict() for revision in found])
        return exits.YES
    for line in columns.lines(room.HEADS, [revision.row() for revision in found]):
        desk.line(line)
    return exits.YES


def _users(desk: Desk, clusters: list[str]) -> dict[str, list[str]] | None:
    """None, and a word about it, without the right to look."""
    try:
        return users(desk.aws, clusters)
    except Exception as error:
        refused = aws.explained(error)
        if not isinstance(refused, AwsRefused):
            raise
        desk.say(f"who uses them cannot be found out: {refused}")
        return None


def _count(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
