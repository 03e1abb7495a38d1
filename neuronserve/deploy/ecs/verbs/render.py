"""Write the task definition of an instance type, or of all types.

The RegisterTaskDefinition request goes to standard output, in AWS's own shape: one as an object, several
(--slots) as a list. What a person should know of it goes to standard error. Nothing is sent to AWS; --model
with an s3:// address is read from there.

With --all --out DIR there is a file for each type of the catalogue; types that cannot do what is asked are
skipped, with the reason. A file with other contents is only replaced with --force.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import io
from pathlib import Path

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.forms.text import Form, suffix, text
from neuronserve.deploy.ecs.rendering import everything, notes, options, render
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue


def arguments(parser: argparse.ArgumentParser) -> None:
    options.arguments(parser)
    how = parser.add_argument_group("output")
    how.add_argument(
        "--format", choices=[*Form], default=Form.TASK_DEFINITION, help="the same in other words"
    )
    how.add_argument("--output", choices=("json", "yaml"), help="default: json; yaml for compose")
    how.add_argument("--all", action="store_true", help="a file for each instance type, in --out")
    how.add_argument("--out", type=Path, metavar="DIR", help="where the files go")
    how.add_argument("--force", action="store_true", help="replace files with other contents")


def run(given: argparse.Namespace, desk: Desk) -> int:
    desk = dataclasses.replace(desk, inspect=functools.cache(desk.inspect))
    form = Form(given.format)
    if given.all:
        return _all(given, desk, form)
    if given.out or given.force:
        raise InvalidInput("--out or --force without --all: one instance type goes to standard output")
    print(_text(given, desk, form), end="", file=desk.out, flush=True)
    return exits.YES


def _all(given: argparse.Namespace, desk: Desk, form: Form) -> int:
    if given.instance_type or not given.out:
        raise InvalidInput("--all: expected --out DIR with it, and no --instance-type")
    told = io.StringIO()  # what is said of each type is the same for most
    quiet = dataclasses.replace(desk, err=told)
    made = everything.plan(
        list(catalogue().values()),
        lambda instance: _text(_for(given, instance), quiet, form, instance),
        given.out,
        suffix(form, given.output),
    )
    for line in dict.fromkeys(told.getvalue().splitlines()):
        desk.say(line)
    for name, reason in made.skipped.items():
        desk.say(f"{name}: skipped: {reason}")
    if not given.dry_run:
        everything.write(made, force=given.force)
    for file in made.files:
        desk.line(str(file.path))
    return exits.YES


def _for(given: argparse.Namespace, instance: InstanceType) -> argparse.Namespace:
    """The same options with a family for this type: revisions of one family would follow one another."""
    if not given.family:
        return given
    return argparse.Namespace(
        **{**vars(given), "family": f"{given.family}-{instance.name.replace('.', '-')}"}
    )


def _text(given: argparse.Namespace, desk: Desk, form: Form, instance: InstanceType | None = None) -> str:
    spec = options.spec(given, desk, instance)
    requests = render.task_definitions(spec)
    for note in notes.of(spec):
        desk.say(f"note: {note}")
    return text(requests, form, given.output, engine=desk.environ.get("CONTAINER_ENGINE") or "docker")
