"""Show every field of a compilation job, absent ones too, and how long each part of it took."""

from __future__ import annotations

import argparse
import dataclasses

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import jobs, record


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="its name")
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or AWS's document"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    job = jobs.describe(desk.aws, given.job)
    tags = jobs.tags(desk.aws, job["CompilationJobArn"])
    if given.output == "text":
        for line in record.lines(job, tags):
            desk.line(line)
    else:
        dataclasses.replace(desk, form=given.output).show(record.document(job, tags))
    return exits.YES
