"""Decrypting with a KMS key, through one service only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]+")


def decrypt(sid: str, keys: Sequence[str], services: Sequence[str], place: Place) -> list[Statement]:
    """Decrypting with keys when one of the ``services`` asks for it.

    A key is an ARN, an ID, or an alias (``alias/NAME``), for which IAM has no ARN but a condition.
    """
    named = tuple(sorted({_arn(key, place) for key in keys if "alias/" not in key}))
    aliases = sorted({_alias(key) for key in keys if "alias/" in key})
    through = {"kms:ViaService": _via(services, named, place)}
    made = []
    if named:
        made.append(Statement(sid, ("kms:Decrypt",), named, {"StringEquals": through}))
    if aliases:
        condition = {"StringEquals": through, "ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
        made.append(Statement(f"{sid}ByAlias", ("kms:Decrypt",), (place.arn("kms", "key/*"),), condition))
    return made


def _via(services: Sequence[str], arns: Sequence[str], place: Place) -> list[str]:
    """The services' names in the keys' regions: a key is in the region of what it encrypts."""
    regions = [arn.region for one in arns if (arn := places.parsed(one))] or [place.region]
    here = [
        Place(place.partition, region, place.account, place.suffix) for region in {*regions, place.region}
    ]
    return sorted({name for one in here for service in services for name in one.endpoints(service)})


def _arn(key: str, place: Place) -> str:
    if _ID.fullmatch(key):
        return place.arn("kms", f"key/{key}")
    arn = places.parsed(key)
    if arn and arn.service == "kms" and arn.rest.startswith("key/") and _ID.fullmatch(arn.rest[4:]):
        return key
    raise InvalidInput(
        f"KMS key {key!r}: expected arn:aws:kms:REGION:ACCOUNT:key/ID, the ID, or alias/NAME",
        hint="`aws kms describe-key --key-id ...` prints the ARN",
    )


def _alias(key: str) -> str:
    arn = places.parsed(key)
    name = arn.rest if arn and arn.service == "kms" else key
    if not _ALIAS.fullmatch(name):
        raise InvalidInput(f"KMS key {key!r}: expected alias/ and letters, digits, /, _ and -")
    return name
