"""Compilation jobs in SageMaker: made or found again, described, followed, listed, stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.following import Kind
from neuronserve.deploy.neo import request as requests
from neuronserve.errors import InvalidInput, NoSuchResource

ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED"})
_FAILED = frozenset({"FAILED", "STOPPED", "STOPPING"})
_MOST = 99  # jobs for the same thing

Job = Mapping[str, Any]  # what DescribeCompilationJob answers


@dataclasses.dataclass(frozen=True)
class Made:
    """``new``: it was not there before."""

    name: str
    new: bool


def create(desk: Desk, request: Mapping[str, Any], *, generated: bool) -> Made:
    """Create the job, or find the same one again.

    ``generated``: the name is ours; where jobs of that name failed or were stopped, a number is added. Raises
    InvalidInput where a job of that name does something else.
    """
    name = str(request["CompilationJobName"])
    for number in range(1, _MOST + 1):
        tried = requests.again(name, number) if number > 1 else name
        if _create(desk.aws, {**request, "CompilationJobName": tried}):
            return Made(tried, new=True)
        there = describe(desk.aws, tried)
        others = [key for key in requests.same(request, there) if not (generated and key == "RoleArn")]
        if others:
            raise InvalidInput(
                f"a compilation job {tried} is there already, with another {', '.join(others)}",
                hint="choose another --name",
            )
        state = there["CompilationJobStatus"]
        if generated and state in _FAILED:
            desk.say(f"{tried} is there already and {state}: trying again under another name")
            continue
        desk.say(f"{tried} is there already, for the same model and options: following it")
        return Made(tried, new=False)
    raise InvalidInput(
        f"{_MOST} jobs for this failed or were stopped: {name}, {name}-2, ...", hint="give a --name"
    )


def _create(aws: Aws, request: Mapping[str, Any]) -> bool:
    """False: the name is taken."""
    try:
        aws.sagemaker.create_compilation_job(**request)
    except ClientError as error:
        message = str(error.response.get("Error", {}).get("Message", ""))
        if code_of(error) == "ResourceInUse" or "already exists" in message:
            return False
        raise
    return True


def describe(aws: Aws, name: str) -> Job:
    """A job. Raises NoSuchResource."""
    try:
        answer: Any = aws.sagemaker.describe_compilation_job(CompilationJobName=name)
    except ClientError as error:
        raise _absent(error, aws, name) from error
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def stop(aws: Aws, name: str) -> None:
    """Ask for its end. Raises NoSuchResource; a job that has ended is left alone."""
    try:
        aws.sagemaker.stop_compilation_job(CompilationJobName=name)
    except ClientError as error:
        raise _absent(error, aws, name) from error


KIND = Kind(
    "compilation job", "CompilationJobStatus", "COMPLETED", ENDED, describe, stop,
    lambda name: f"scripts/compile-model describe {name}, or stop {name}",
)  # fmt: skip


def _absent(error: ClientError, aws: Aws, name: str) -> Exception:
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    if code_of(error) in ("ResourceNotFound", "ResourceNotFoundException") or "not find" in message:
        return NoSuchResource(
            f"no compilation job {name} in {aws.region}", hint="see scripts/compile-model list"
        )
    return error


def tags(aws: Aws, arn: str) -> dict[str, str] | None:
    """A job's tags, beside what DescribeCompilationJob says; None where they cannot be seen."""
    try:
        pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except ClientError:
        return None


def listed(aws: Aws, query: Mapping[str, Any], most: int) -> Iterator[dict[str, Any]]:
    """Summaries of jobs, as many as ``most``; ``query`` is ListCompilationJobs' own."""
    pages = aws.sagemaker.get_paginator("list_compilation_jobs").paginate(
        **query, PaginationConfig={"MaxItems": most}
    )
    for page in pages:
        for summary in page["CompilationJobSummaries"]:
            yield dict(summary)
