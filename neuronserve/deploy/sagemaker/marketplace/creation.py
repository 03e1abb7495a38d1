"""CreateModelPackage, followed to its end: AWS scans the image, and runs a transform job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.desk import Desk
from neuronserve.errors import InvalidInput, JobFailed

EVERY = 30.0  # seconds between looks
_DONE = ("Completed", "Failed")
_CHECKS = (("ImageScanStatuses", "image scan"), ("ValidationStatuses", "validation"))


def sent(desk: Desk, request: Mapping[str, Any]) -> str:
    """Create it; its ARN. Raises InvalidInput when there is one of that name."""
    name = request.get("ModelPackageName", "")
    if name and (status := _status(desk, name)):
        raise InvalidInput(
            f"there is a model package {name}, which is {status}",
            hint="packages cannot be changed: choose another --name, or delete it",
        )
    arn: str = desk.aws.sagemaker.create_model_package(**request)["ModelPackageArn"]
    return arn


def _status(desk: Desk, name: str) -> str:
    try:
        return desk.aws.sagemaker.describe_model_package(ModelPackageName=name)["ModelPackageStatus"]
    except ClientError as error:
        if code_of(error) in ("ValidationException", "ResourceNotFound"):  # SageMaker's word for "none"
            return ""
        raise


def followed(desk: Desk, arn: str, seconds: float) -> Mapping[str, Any]:
    """Its description once it is Completed. Raises JobFailed with AWS's reasons, and TimedOut."""
    told: set[str] = set()

    def look() -> Mapping[str, Any] | None:
        found = desk.aws.sagemaker.describe_model_package(ModelPackageName=arn)
        for line in _changes(found):
            if line not in told:
                told.add(line)
                desk.say(line)
        return found if found["ModelPackageStatus"] in _DONE else None

    found = desk.until(
        look, what="end of the validation", seconds=seconds, every=EVERY,
        hint=f"it goes on: aws sagemaker describe-model-package --model-package-name {arn}",
    )  # fmt: skip
    if found["ModelPackageStatus"] == "Failed":
        reasons = list(_items(found, lambda item: item["Status"] == "Failed")) or ["AWS gives no reason"]
        raise JobFailed(f"the model package is Failed: {'; '.join(reasons)}", hint=_hint(reasons))
    return found


def _changes(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"package: {found['ModelPackageStatus']}"
    yield from _items(found, lambda item: item["Status"] != "NotStarted")


def _items(found: Mapping[str, Any], wanted: Callable[[Mapping[str, Any]], bool]) -> Iterator[str]:
    details = found.get("ModelPackageStatusDetails", {})
    for member, what in _CHECKS:
        for item in details.get(member, []):
            if wanted(item):
                reason = f": {item['FailureReason']}" if item.get("FailureReason") else ""
                yield f"{what} {item['Name']}: {item['Status']}{reason}"


def _hint(reasons: list[str]) -> str:
    if any(reason.startswith("image scan") for reason in reasons):
        return "build the image anew on a current base image, and push it"
    return "the job's log is in /aws/sagemaker/TransformJobs; marketplace-check runs the same here"
