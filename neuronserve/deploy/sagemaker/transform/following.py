"""Transform jobs: described, stopped, and why one failed, with the end of its containers' log."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy import following
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.following import Described, Kind
from neuronserve.deploy.sagemaker.following import live, logtail
from neuronserve.errors import NoSuchResource

GROUP = "/aws/sagemaker/TransformJobs"


def find(aws: Aws, name: str) -> dict[str, Any] | None:
    """None where there is no such job."""
    try:
        return dict(aws.sagemaker.describe_transform_job(TransformJobName=name))
    except ClientError as error:
        if live.absent(error):
            return None
        raise


def describe(aws: Aws, name: str) -> Described:
    """Raises NoSuchResource."""
    found = find(aws, name)
    if found is None:
        raise NoSuchResource(f"there is no transform job {name!r} in {aws.region}")
    return found


def stop(aws: Aws, name: str) -> None:
    """Ask for its end."""
    aws.sagemaker.stop_transform_job(TransformJobName=name)


KIND = Kind(
    "transform job", "TransformJobStatus", "Completed", frozenset({"Completed", "Failed", "Stopped"}),
    describe, stop, lambda name: f"scripts/sagemaker batch --follow {name}",
)  # fmt: skip


def refuse_failed(desk: Desk, job: Described, lines: int = 20) -> None:
    """Raises JobFailed for what ended otherwise than well; what its containers wrote last is said."""
    name = job["TransformJobName"]
    if job[KIND.member] != KIND.done:
        for line in logtail.of_group(desk.aws, GROUP, lines, prefix=f"{name}/"):
            desk.say(line)
    following.refuse_failed(KIND, name, job)
