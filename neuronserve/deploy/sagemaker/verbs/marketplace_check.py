"""Try an image and its model as AWS Marketplace runs them, and build the package that is listed.

The image is run with `docker run IMAGE serve`, without any network and without credentials, its model
unpacked in /opt/ml/model: as a subscriber's endpoint, then as the transform job that validates a package. It
gets the test data, and as many of its records as the limits allow: 6 MB and 60 s for an endpoint, 100 MB and
60 minutes for batch transform. What is in AWS already (--ecr-image, --model-uri, --payload-uri) is looked at.

    scripts/sagemaker marketplace-check neuronserve:cpu model.tar.gz --payload rows.csv=text/csv
    scripts/sagemaker marketplace-check ... --request      # the CreateModelPackage request, checked, not sent
    scripts/sagemaker marketplace-check ... --create       # check, send it, and follow its validation

A package for Inf1 alone cannot be listed: listed packages name instance types for batch transform, and are
validated by a transform job, which ml.inf1 types do not run; ml.inf2 and ml.trn1 do. Subscribers get
endpoints and batch transform, and nothing asynchronous or serverless.

Each item is OK, NG or SKIP, with what was seen and one fix. Exit code 0: no item is NG; 1: at least one is.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from neuronserve.deploy import engine, exits, roles
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.findings import Severity
from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace import creation, options, package, tried
from neuronserve.deploy.sagemaker.marketplace.checks import CHECKS, Case, items
from neuronserve.deploy.sagemaker.marketplace.listing import Listing
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import EngineFailed, InvalidInput

REQUEST = "request"


def arguments(parser: argparse.ArgumentParser) -> None:
    options.add(parser)
    parser.add_argument("--request", action="store_true", help="print the CreateModelPackage request alone")
    parser.add_argument("--create", action="store_true", help="when nothing is NG: send it, and follow it")
    parser.add_argument("--timeout", metavar="S", type=seconds, default=7200, help="of the validation (7200)")
    names = (*CHECKS, REQUEST)
    parser.add_argument("--only", metavar="CHECK", action="append", choices=names, help=", ".join(names))
    parser.add_argument("--skip", metavar="CHECK", action="append", choices=names, default=[])
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    with _case(
        given, options.listing(given, roles.arn(desk.aws, given.role) if given.role else ""), desk
    ) as case:
        if given.request:
            return _request(case, desk)
        if given.dry_run:
            return _dry_run(case, given, desk)
        ok = _checked(case, given, desk)
        if not given.create:
            return exits.YES if ok else exits.NO
        if not ok:
            raise InvalidInput("nothing was sent: an item is NG", hint="mend it, or --skip its check")
        return _create(case, given, desk)


@contextlib.contextmanager
def _case(given: argparse.Namespace, listing: Listing, desk: Desk) -> Iterator[Case]:
    """The model is unpacked for as long as it is looked at."""
    archive = Path(listing.model)
    with desk.models.opened(listing.model) as tree:
        accepted = desk.models.accepted(archive) if archive.is_file() else None
        if not archive.is_dir():  # else it is the person's own, which is left as it is
            readable(tree.root)
        made = Case(
            listing, desk.aws, _engine(given, desk), desk.clock, tree, accepted, given.startup_timeout
        )
        yield dataclasses.replace(made, listing=options.completed(listing, made.generations))


def _engine(given: argparse.Namespace, desk: Desk) -> engine.CommandLine:
    """One that answers, when it is needed."""
    if given.request or given.dry_run:
        try:
            program = engine.found(given.engine, desk.environ)[0]
        except EngineFailed:
            program = given.engine or engine.PROGRAMS[0]
        return engine.CommandLine(program, podman=False, environ=desk.environ)
    return engine.answering(given.engine, desk.environ)


def readable(root: Path) -> None:
    """The platform unpacks for any user: what was unpacked for us alone is opened for the container's."""
    for folder, folders, files in os.walk(root):
        for path in (Path(folder, name) for name in ("", *folders, *files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _checked(case: Case, given: argparse.Namespace, desk: Desk) -> bool:
    names = [name for name in given.only or (*CHECKS, REQUEST) if name not in given.skip]
    found = []
    desk.say(f"{case.listing.image} with {case.listing.model}:")
    for item in _items(case, names, create=given.create):
        found.append(item)
        if given.output == "text":
            for line in item.lines():
                desk.line(line)
    counts = collections.Counter(item.verdict for item in found)
    if given.output == "text":
        desk.say(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
    else:
        desk.show({"ok": not counts[Verdict.NG], "items": [item.as_dict() for item in found]})
    return not counts[Verdict.NG]


def _items(case: Case, names: list[str], *, create: bool) -> Iterator[Item]:
    yield from items(case, [name for name in names if name in CHECKS])
    if REQUEST in names:
        yield from _request_items(case, create=create)


def _request_items(case: Case, *, create: bool) -> Iterator[Item]:
    """What is not given yet is no fault before it is to be sent."""
    missing = options.missing(case.listing)
    subject = case.listing.name or case.listing.group or "CreateModelPackage"
    if missing and not create:
        yield Item(REQUEST, subject, Verdict.SKIP, f"it cannot be built without {', '.join(missing)}")
        return
    found = package.findings(package.request(case.listing), case.generations)
    for one in found:
        verdict = Verdict.NG if one.severity is Severity.ERROR else Verdict.OK
        yield Item(REQUEST, f"{subject}#{one.pointer}", verdict, one.message, one.fix)
    if not found:
        yield Item(REQUEST, subject, Verdict.OK, "CreateModelPackage can be sent")


def _request(case: Case, desk: Desk) -> int:
    made = package.request(case.listing)
    found = package.findings(made, case.generations)
    for one in found:
        desk.say(one.line("CreateModelPackage"))
    desk.show(made)
    return exits.NO if any(one.severity is Severity.ERROR for one in found) else exits.YES


def _dry_run(case: Case, given: argparse.Namespace, desk: Desk) -> int:
    desk.say("would run, ask and remove:")
    desk.line(shlex.join([case.engine.program, *tried.trial(case, {}, Path("TESTS")).words()]))
    if given.create:
        desk.would_send([(package.OPERATION, package.request(case.listing))])
    return exits.YES


def _create(case: Case, given: argparse.Namespace, desk: Desk) -> int:
    made = package.request(case.listing)
    arn = creation.sent(desk, made)
    desk.say(f"created {arn}")
    found = creation.followed(desk, arn, given.timeout)
    desk.line(arn)
    desk.say(f"{found['ModelPackageStatus']}: it can be listed with this ARN in the Marketplace's portal")
    return exits.YES
