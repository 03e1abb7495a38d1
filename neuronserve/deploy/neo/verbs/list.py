"""List compilation jobs, the newest first."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from neuronserve.deploy import exits, shapes
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import jobs
from neuronserve.errors import InvalidInput

_PAGE = 100  # at most


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--status", type=str.upper, metavar="STATE", help="COMPLETED, FAILED, INPROGRESS, ..."
    )
    parser.add_argument("--name", metavar="TEXT", help="those whose names hold it")
    parser.add_argument("--most", type=int, default=20, metavar="N", help="how many (default: 20)")
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    query = _query(given)
    found = list(jobs.listed(desk.aws, query, given.most))
    if given.output != "text":
        dataclasses.replace(desk, form=given.output).show(found)
        return exits.YES
    for one in found:
        desk.line(_line(one))
    if not found:
        desk.say(f"no compilation job in {desk.aws.region}")
    return exits.YES


def _query(given: argparse.Namespace) -> dict[str, Any]:
    if given.most < 1:
        raise InvalidInput(f"--most {given.most}: expected at least 1")
    query: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    query["MaxResults"] = min(given.most, _PAGE)
    if given.status:
        query["StatusEquals"] = given.status
    if given.name:
        query["NameContains"] = given.name
    for finding in shapes.findings("sagemaker", "ListCompilationJobs", query):
        raise InvalidInput(f"{finding.pointer.strip('/')}: {finding.message}", hint=finding.fix)
    return query


def _line(one: dict[str, Any]) -> str:
    device = one.get("CompilationTargetDevice")
    platform = [
        str(one[key])
        for key in (f"CompilationTargetPlatform{part}" for part in ("Os", "Arch", "Accelerator"))
        if one.get(key)
    ]
    created = one["CreationTime"].isoformat(timespec="seconds")
    target = device or " ".join(platform) or "-"
    return f"{created}  {one['CompilationJobStatus']:10}  {target:16}  {one['CompilationJobName']}"
