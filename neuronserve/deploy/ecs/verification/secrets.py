"""Secrets are there. Their values are neither read nor shown."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy.place import Arn, parsed

NAME = "secrets"


def check(case: Case) -> Iterator[Item]:
    found = case.secrets()
    if not found:
        yield Item(NAME, case.family, Verdict.SKIP, "none")
    for name, source in found.items():
        look = _secret if arn_of_secret(source) else _parameter
        yield guarded(NAME, name, functools.partial(look, case, name, source))


def arn_of_secret(source: str) -> str | None:
    """The secret's own ARN: ECS appends ``:json-key:stage:version``. None: it is a parameter."""
    arn = parsed(source)
    if arn is None or arn.service != "secretsmanager":
        return None
    return ":".join(source.split(":")[:7])


def arn_of_parameter(source: str, account: Arn, region: str) -> str:
    """``source`` is an ARN or the name of a parameter in the task's account and region."""
    if source.startswith("arn:"):
        return source
    return f"arn:{account.partition}:ssm:{region}:{account.account}:parameter/{source.lstrip('/')}"


def _secret(case: Case, name: str, source: str) -> Item:
    arn = arn_of_secret(source) or source
    region = arn.split(":")[3]
    manager = case.aws.in_region(region or case.aws.region).secretsmanager
    try:
        found = manager.describe_secret(SecretId=arn)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return Item(NAME, name, Verdict.NG, f"no secret {arn}", "make it, or correct valueFrom")
        raise
    if found.get("DeletedDate"):
        return Item(NAME, name, Verdict.NG, f"secret {found['Name']} is being deleted", "restore it")
    key = found.get("KmsKeyId")
    encrypted = f", encrypted with {key}: the execution role needs kms:Decrypt on it" if key else ""
    return Item(NAME, name, Verdict.OK, f"secret {found['Name']}{encrypted}")


def _parameter(case: Case, name: str, source: str) -> Item:
    arn = parsed(source)
    asked = arn.rest.removeprefix("parameter") if arn else source
    ssm = case.aws.in_region((arn and arn.region) or case.aws.region).ssm
    # an ARN says parameter/NAME for both NAME and /NAME; without decryption the value means nothing
    names = [asked, asked.lstrip("/")] if arn and asked.count("/") == 1 else [asked]
    found = [known for one in names for known in ssm.get_parameters(Names=[one])["Parameters"]]
    if not found:
        return Item(
            NAME, name, Verdict.NG, f"no parameter {names[-1]} in {arn.region if arn else case.aws.region}",
            "make it, or correct valueFrom",
        )  # fmt: skip
    return Item(NAME, name, Verdict.OK, f"parameter {names[-1]}, {found[0].get('Type', 'String')}")
