"""The model is where MODEL_URI says, and the task role may read it."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.ecs.verification.simulation import Right, all_denied
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy.model import READ, Address, address
from neuronserve.deploy.policy.place import partition

NAME = "model"
ACCESS = "model-access"
_FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclasses.dataclass(frozen=True)
class Model:
    """What a container is told of its model."""

    uri: str
    digest: str = ""


Look = Callable[[Case, Model, Address], Item]


def check(case: Case) -> Iterator[Item]:
    yield from _each(case, NAME, _there)


def access(case: Case) -> Iterator[Item]:
    yield from _each(case, ACCESS, _readable)


def _each(case: Case, name: str, look: Look) -> Iterator[Item]:
    models = [Model(found["MODEL_URI"], found.get("MODEL_DIGEST", "")) for found in case.environments()
              if found.get("MODEL_URI")]  # fmt: skip
    if not models:
        yield Item(name, case.family, Verdict.SKIP, _elsewhere(case))
    for model in dict.fromkeys(models):
        if model.uri.startswith("s3://"):
            yield guarded(name, model.uri, functools.partial(_looked, case, model, look))
        else:
            yield Item(name, model.uri, Verdict.SKIP, "a path inside the container")


def _elsewhere(case: Case) -> str:
    if "MODEL_URI" in case.secrets():
        return "MODEL_URI is a secret, which is not read"
    if any("COMPILATION_JOB" in found for found in case.environments()):
        return "COMPILATION_JOB says where it is, when the container starts"
    return "no MODEL_URI: it is in the image"


def _looked(case: Case, model: Model, look: Look) -> Item:
    return look(case, model, address(model.uri))


def _there(case: Case, model: Model, at: Address) -> Item:
    try:
        return _prefix(case, model, at) if at.prefix else _object(case, model, at)
    except ClientError as error:
        code = code_of(error)
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            what = "bucket" if code == "NoSuchBucket" else "object"
            return Item(
                NAME, model.uri, Verdict.NG, f"no such {what}", "upload the model, or correct MODEL_URI"
            )
        if code in ("403", "AccessDenied"):
            seen = "it may not be looked at, or is not there: S3 says the same of both"
            return Item(
                NAME, model.uri, Verdict.SKIP, seen, "scripts/policy prints the rights that are needed"
            )
        raise


def _object(case: Case, model: Model, at: Address) -> Item:
    found = case.aws.s3.head_object(Bucket=at.bucket, Key=at.key, ChecksumMode="ENABLED")
    if found.get("StorageClass") in _FROZEN and 'ongoing-request="false"' not in found.get("Restore", ""):
        return Item(
            NAME, model.uri, Verdict.NG, f"its storage class is {found['StorageClass']}", "restore it first"
        )
    if not found["ContentLength"]:
        return Item(NAME, model.uri, Verdict.NG, "the object is empty", "upload the model again")
    differs = _differs(found, model.digest)
    if differs:
        return Item(NAME, model.uri, Verdict.NG, differs, "correct MODEL_DIGEST, or upload the right model")
    size = f"{found['ContentLength'] / 1e6:.1f} MB"
    if model.digest and not _comparable(found, model.digest):
        return _digest_not_looked_at(model, size, "S3 has no such checksum of it")
    return Item(NAME, model.uri, Verdict.OK, size)


def _digest_not_looked_at(model: Model, seen: str, why: str) -> Item:
    return Item(
        NAME, model.uri, Verdict.SKIP, f"is there ({seen}); MODEL_DIGEST was not compared: {why}",
        "the container compares it when it starts",
    )  # fmt: skip


def _comparable(found: Mapping[str, Any], digest: str) -> bool:
    """S3 has the SHA-256 of the whole object, and that is what MODEL_DIGEST is."""
    known = found.get("ChecksumSHA256", "")
    whole = known and "-" not in known and found.get("ChecksumType") != "COMPOSITE"
    return bool(whole) and digest.lower().startswith("sha256:")


def _differs(found: Mapping[str, Any], digest: str) -> str:
    """How S3's checksum differs from MODEL_DIGEST; empty where it does not, or S3 has none."""
    if not _comparable(found, digest):
        return ""
    wanted = digest.lower().partition(":")[2]
    has = base64.b64decode(found["ChecksumSHA256"]).hex()
    return "" if has == wanted else f"its SHA-256 is {has}, and MODEL_DIGEST says {wanted}"


def _prefix(case: Case, model: Model, at: Address) -> Item:
    found = case.aws.s3.list_objects_v2(Bucket=at.bucket, Prefix=at.key)
    listed = [item for item in found.get("Contents", []) if item["Size"]]
    if not listed:
        return Item(
            NAME, model.uri, Verdict.NG, "nothing is below it", "upload the model, or correct MODEL_URI"
        )
    frozen = next((item for item in listed if item.get("StorageClass") in _FROZEN), None)
    if frozen:
        seen = f"the storage class of {frozen['Key']} is {frozen['StorageClass']}"
        return Item(NAME, model.uri, Verdict.NG, seen, "restore it first")
    size = sum(item["Size"] for item in listed) / 1e6
    seen = f"{len(listed)} objects, {size:.1f} MB"
    if found.get("IsTruncated"):
        return Item(NAME, model.uri, Verdict.SKIP, f"{seen}, and more that were not looked at")
    if model.digest:
        return _digest_not_looked_at(model, seen, "it is that of many objects")
    return Item(NAME, model.uri, Verdict.OK, seen)


def _readable(case: Case, model: Model, at: Address) -> Item:
    if not case.task_role:
        seen = "no task role: the container has only the instance's own, if it can reach it"
        fix = "set taskRoleArn; scripts/policy prints its policy"
        return Item(ACCESS, model.uri, Verdict.SKIP, seen, fix)
    refused = all_denied(case.aws, case.task_role, _rights(case, at))
    if refused:
        told = "; ".join(f"{what}: {', '.join(actions)}" for what, actions in refused.items())
        return Item(
            ACCESS, model.uri, Verdict.NG, f"{case.task_role} is denied {told}",
            "scripts/policy prints what the task role needs",
        )  # fmt: skip
    return Item(ACCESS, model.uri, Verdict.OK, f"{case.task_role} may read it, by its own policies")


def _rights(case: Case, at: Address) -> list[Right]:
    container = at.bucket if at.access_point else f"arn:{partition(case.aws.region)}:s3:::{at.bucket}"
    below = f"{container}/object" if at.access_point else container
    if not at.prefix:
        rights = [Right("reading it", READ, f"{below}/{at.key}")]
    else:
        rights = [
            Right("listing it", ("s3:ListBucket",), container, {"s3:prefix": at.key}),
            Right("reading it", READ, f"{below}/{at.key}model"),  # any name below the prefix
        ]
    key = None if at.prefix else _key(case, at)
    if key:
        through = {"kms:ViaService": f"s3.{key.split(':')[3]}.amazonaws.com"}
        rights.append(Right("decrypting it", ("kms:Decrypt",), key, through))
    return rights


def _key(case: Case, at: Address) -> str | None:
    """The KMS key that encrypts the object, as far as that can be seen."""
    try:
        found = case.aws.s3.head_object(Bucket=at.bucket, Key=at.key).get("SSEKMSKeyId", "")
    except ClientError:  # the check of the model itself tells
        return None
    return found if found.startswith("arn:") else None
