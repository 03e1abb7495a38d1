"""Secrets are there, with the version and the JSON key that are asked for. Their values are not shown.

ECS reads ``ARN:json-key:version-stage:version-id``, each part after the ARN optional; where one is wrong the
task ends with ResourceInitializationError. Only for a JSON key the secret's value is read, and kept nowhere.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy.place import Arn, parsed

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "secrets"
_CURRENT = "AWSCURRENT"
_REGISTRY = "repositoryCredentials"
_REGISTRY_KEYS = ("username", "password")
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "DecryptionFailure"})


def check(case: Case) -> Iterator[Item]:
    found = case.secrets()
    if not found:
        yield Item(NAME, case.family, Verdict.SKIP, "none")
    for name, source in found.items():
        look = _secret if arn_of_secret(source) else _parameter
        yield guarded(NAME, name, functools.partial(look, case, name, source))


@dataclasses.dataclass(frozen=True)
class Reference:
    """What ``valueFrom`` names. ``keys``: of the secret's JSON; empty: the whole value."""

    arn: str
    keys: tuple[str, ...] = ()
    stage: str = ""
    version: str = ""

    @classmethod
    def of(cls, source: str, name: str = "") -> Reference:
        key, stage, version = ([*source.split(":")[7:], "", "", ""])[:3]
        keys = _REGISTRY_KEYS if name == _REGISTRY else (key,) if key else ()
        return cls(":".join(source.split(":")[:7]), keys, stage, version)


def arn_of_secret(source: str) -> str | None:
    """The secret's own ARN: ECS appends ``:json-key:stage:version``. None: it is a parameter."""
    arn = parsed(source)
    if arn is None or arn.service != "secretsmanager":
        return None
    return Reference.of(source).arn


def arn_of_parameter(source: str, account: Arn, region: str) -> str:
    """``source`` is an ARN or the name of a parameter in the task's account and region."""
    if source.startswith("arn:"):
        return source
    return f"arn:{account.partition}:ssm:{region}:{account.account}:parameter/{source.lstrip('/')}"


def _secret(case: Case, name: str, source: str) -> Item:
    asked = Reference.of(source, name)
    region = asked.arn.split(":")[3]
    manager = case.aws.in_region(region or case.aws.region).secretsmanager
    try:
        found = manager.describe_secret(SecretId=asked.arn)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return Item(NAME, name, Verdict.NG, f"no secret {asked.arn}", "make it, or correct valueFrom")
        raise
    if source.count(":") > 9:
        seen = (
            f"{source.count(':') - 6} parts after the ARN: ECS knows three, json-key:version-stage:version-id"
        )
        return Item(NAME, name, Verdict.NG, seen, "correct valueFrom")
    if found.get("DeletedDate"):
        return Item(NAME, name, Verdict.NG, f"secret {found['Name']} is being deleted", "restore it")
    if fault := _version_fault(asked, found.get("VersionIdsToStages") or {}):
        return Item(
            NAME, name, Verdict.NG, f"secret {found['Name']} {fault}", "correct valueFrom, or make it"
        )
    key = found.get("KmsKeyId")
    encrypted = f", encrypted with {key}: the execution role needs kms:Decrypt on it" if key else ""
    which = asked.version or asked.stage or _CURRENT
    if not asked.keys:
        return Item(NAME, name, Verdict.OK, f"secret {found['Name']}, version {which}{encrypted}")
    return _keys(
        manager, asked, Item(NAME, name, Verdict.OK, f"secret {found['Name']}, version {which}"), encrypted
    )


def _version_fault(asked: Reference, versions: Mapping[str, Any]) -> str:
    """What of version and stage is not there; empty: all is. Stages move, and a version keeps its id."""
    stages = {stage: version for version, listed in versions.items() for stage in listed}
    if asked.version and asked.version not in versions:
        return f"has no version {asked.version}"
    if asked.stage and asked.stage not in stages:
        return f"has no version of stage {asked.stage}, but {', '.join(sorted(stages)) or 'none'}"
    if asked.version and asked.stage and stages[asked.stage] != asked.version:
        return f"has stage {asked.stage} at another version than {asked.version}"
    if not (asked.version or asked.stage) and _CURRENT not in stages:
        return f"has no value yet: no version of stage {_CURRENT}"
    return ""


def _keys(manager: SecretsManagerClient, asked: Reference, there: Item, encrypted: str) -> Item:
    """Whether the value is a JSON object that has the keys; SKIP where it may not be read."""
    spoken = " and ".join(asked.keys)
    version = {"VersionId": asked.version} if asked.version else {}
    stage = {"VersionStage": asked.stage} if asked.stage else {}
    try:
        answer = manager.get_secret_value(SecretId=asked.arn, **version, **stage)
    except ClientError as error:
        if code_of(error) not in _DENIED:
            raise
        seen = f"{there.seen}, is there; its JSON key {spoken} was not looked at: no right to read it"
        fix = "allow secretsmanager:GetSecretValue on it (scripts/policy prints it), or look yourself"
        return dataclasses.replace(there, verdict=Verdict.SKIP, seen=seen, fix=fix)
    try:
        value = json.loads(answer["SecretString"])
    except (KeyError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        seen = f"{there.seen}, is no JSON object, and so has no key {spoken}"
        return dataclasses.replace(there, verdict=Verdict.NG, seen=seen, fix="leave the key out of valueFrom")
    if missing := [key for key in asked.keys if key not in value]:
        seen = f"{there.seen}, has no JSON key {' and '.join(missing)}"
        return dataclasses.replace(
            there, verdict=Verdict.NG, seen=seen, fix="correct the key: its case matters"
        )
    return dataclasses.replace(there, seen=f"{there.seen}, JSON key {spoken}{encrypted}")


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
    kind = found[0].get("Type", "String")
    decrypted = (
        "; whether the execution role may decrypt it was not looked at" if kind == "SecureString" else ""
    )
    return Item(NAME, name, Verdict.OK, f"parameter {names[-1]}, {kind}{decrypted}")
