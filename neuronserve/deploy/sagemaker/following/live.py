"""What SageMaker has under a name; None where it has nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.errors import NoSuchResource

Described = dict[str, Any]

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
IN_SERVICE = "InService"
DELETING = "Deleting"
FAILED = "Failed"


def endpoint(aws: Aws, name: str) -> Described | None:
    return _found(lambda: aws.sagemaker.describe_endpoint(EndpointName=name))


def config(aws: Aws, name: str) -> Described | None:
    return _found(lambda: aws.sagemaker.describe_endpoint_config(EndpointConfigName=name))


def model(aws: Aws, name: str) -> Described | None:
    return _found(lambda: aws.sagemaker.describe_model(ModelName=name))


def compilation_job(aws: Aws, name: str) -> Described | None:
    return _found(lambda: aws.sagemaker.describe_compilation_job(CompilationJobName=name))


def needed(aws: Aws, name: str) -> Described:
    """The endpoint. Raises InvalidInput, NoSuchResource."""
    found = endpoint(aws, names.check(name, "endpoint"))
    if found is None:
        raise NoSuchResource(
            f"there is no endpoint {name!r} in {aws.region}", hint="check its name, and --region"
        )
    return found


def config_of(aws: Aws, name: str) -> Described:
    """The configuration that an endpoint serves. Raises NoSuchResource."""
    wanted = needed(aws, name)["EndpointConfigName"]
    found = config(aws, wanted)
    if found is None:
        raise NoSuchResource(f"{name} serves the configuration {wanted}, which was deleted")
    return found


def tags(aws: Aws, arn: str) -> dict[str, str]:
    """Empty too for what is gone meanwhile."""
    found: dict[str, str] = {}
    try:
        for page in aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn):
            found |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
    except ClientError as error:
        if not absent(error):
            raise
    return found


def absent(error: ClientError) -> bool:
    """SageMaker has no code for what is not there, only words: ``Could not find endpoint "arn:..."``."""
    return code_of(error) in {"ResourceNotFound", "ResourceNotFoundException"} or (
        code_of(error) == "ValidationException"
        and any(words in str(error) for words in ("Could not find", "does not exist"))
    )


def in_progress(error: ClientError) -> bool:
    """``Cannot update in-progress endpoint "arn:..."``; also of a deletion."""
    return code_of(error) == "ValidationException" and "in-progress" in str(error)


def variants(described: Described) -> dict[str, int]:
    """The instances that each variant of an endpoint is to have now, by its name."""
    return {
        one["VariantName"]: int(one.get("DesiredInstanceCount") or one.get("CurrentInstanceCount") or 0)
        for one in described.get("ProductionVariants") or ()
    }


def _found(describe: Callable[[], Any]) -> Described | None:
    try:
        answer: Described = describe()
    except ClientError as error:
        if not absent(error):
            raise
        return None
    return answer
