"""Write a registered task definition as a request that registers it again.

NAME is a family (its latest ACTIVE revision), FAMILY:REVISION or an ARN; or it is what --service of --cluster
runs. Nothing that can be registered is lost, tags included; what only answers have (ARN, revision, status,
...) and tags of AWS's own are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from neuronserve.deploy import documents, exits
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.services import live
from neuronserve.errors import InvalidInput, NoSuchResource


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="FAMILY, FAMILY:REVISION or ARN")
    parser.add_argument("--service", metavar="NAME", help="what this service runs")
    parser.add_argument("--cluster", metavar="NAME", default="default", help="its cluster (default)")
    parser.add_argument("--out", metavar="FILE", help="write it there; .yaml and .yml make it YAML")
    parser.add_argument("--force", action="store_true", help="write over --out")


def run(given: argparse.Namespace, desk: Desk) -> int:
    if bool(given.name) == bool(given.service):
        raise InvalidInput("one of NAME and --service is needed")
    name = given.name or _of_service(desk.aws, *live.located(given.service, given.cluster))
    found = registered.fetch(desk.aws, name)
    if given.out is None or given.dry_run:
        desk.show(found.request)
    else:
        _write(Path(given.out), found.request, desk.form, force=given.force)
    where = f" -> {given.out}{' (not written: --dry-run)' if given.dry_run else ''}" if given.out else ""
    desk.say(f"{found.arn} ({found.status}){where}")
    return exits.YES


def _of_service(aws: Aws, cluster: str, name: str) -> str:
    found = live.running(aws, cluster, name)
    primary = [one for one in found.get("taskSets", []) if one.get("status") == "PRIMARY"]
    for part in (found, *primary):
        if definition := part.get("taskDefinition"):
            return str(definition)
    raise NoSuchResource(f"the service {name} names no task definition")


def _write(path: Path, request: dict[str, object], form: str, *, force: bool) -> None:
    text = documents.dump(request, "yaml" if path.suffix in {".yaml", ".yml"} else form)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput(f"{path}: there already", hint="--force writes over it") from None
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
