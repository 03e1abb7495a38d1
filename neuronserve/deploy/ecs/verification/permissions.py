"""The execution role may do what the agent does with it: pull, log, read secrets and environment files."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from botocore.exceptions import ClientError, ParamValidationError

from neuronserve.deploy.ecs.verification import simulation
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.ecs.verification.secrets import arn_of_parameter, arn_of_secret
from neuronserve.deploy.ecs.verification.simulation import Right, denied
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy.images import PULL
from neuronserve.deploy.policy.place import Arn, parsed, partition

NAME = "permissions"


def check(case: Case) -> Iterator[Item]:
    role = case.execution_role
    if not role:
        yield Item(NAME, "executionRoleArn", Verdict.SKIP, "none")
        return
    with contextlib.suppress(ClientError, ParamValidationError):  # what is asked of it below tells why
        role = simulation.arn(case.aws, role)
    account = parsed(role)
    for right in [*_image(case), *_logs(case, account), *_secrets(case, account), *_files(case)]:
        yield guarded(NAME, right.what, functools.partial(_item, case, role, right))


def _item(case: Case, role: str, right: Right) -> Item:
    refused = denied(case.aws, role, right)
    if refused:
        return Item(
            NAME, right.what, Verdict.NG, f"{role} is denied {', '.join(refused)} on {right.resource}",
            "scripts/policy prints what the execution role needs",
        )  # fmt: skip
    return Item(NAME, right.what, Verdict.OK, f"{role} may")


def _image(case: Case) -> Iterator[Right]:
    for image, place in case.repositories().items():
        arn = f"arn:{partition(place.region)}:ecr:{place.region}:{place.account}:repository/{place.name}"
        yield Right("log in to ECR", ("ecr:GetAuthorizationToken",))
        yield Right(f"pull {image}", PULL, arn)


def _logs(case: Case, role: Arn | None) -> Iterator[Right]:
    for container, options in case.logs():
        group, region = options.get("awslogs-group"), options.get("awslogs-region") or case.aws.region
        if group and role:
            arn = f"arn:{role.partition}:logs:{region}:{role.account}:log-group:{group}"
            prefix = options.get("awslogs-stream-prefix")
            # a task's own stream, of which a policy may name the prefix alone
            stream = f"{prefix}/{container}/0" if prefix else "0"
            actions = ("logs:CreateLogStream", "logs:PutLogEvents")
            yield Right(f"write to {group}", actions, f"{arn}:log-stream:{stream}")
            if options.get("awslogs-create-group", "").lower() == "true":
                yield Right(f"make {group}", ("logs:CreateLogGroup",), arn)


def _secrets(case: Case, role: Arn | None) -> Iterator[Right]:
    for name, source in case.secrets().items():
        if secret := arn_of_secret(source):
            yield Right(f"read secret {name}", ("secretsmanager:GetSecretValue",), secret)
        elif role:
            arn = arn_of_parameter(source, role, case.aws.region)
            yield Right(f"read parameter {name}", ("ssm:GetParameters",), arn)


def _files(case: Case) -> Iterator[Right]:
    for container in case.containers:
        for file in container.find("environmentFiles.*"):
            if arn := file.at("value").text:
                yield Right(f"read {arn}", ("s3:GetObject",), arn)
                yield Right("find its bucket", ("s3:GetBucketLocation",), arn.partition("/")[0])
