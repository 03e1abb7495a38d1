"""What a KMS key may be used for, through one service only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Condition, Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]+")


def decrypt(sid: str, keys: Sequence[str], services: Sequence[str], place: Place) -> list[Statement]:
    """Decrypting with keys when one of the ``services`` asks for it."""
    return use(sid, ("kms:Decrypt",), keys, place, {"StringEquals": _through(services, keys, place)})


def encrypt(sid: str, keys: Sequence[str], services: Sequence[str], place: Place) -> list[Statement]:
    """Writing with keys, in parts too, when one of the ``services`` asks for it."""
    through = {"StringEquals": _through(services, keys, place)}
    return use(sid, ("kms:Decrypt", "kms:GenerateDataKey"), keys, place, through)


def use(
    sid: str, actions: Sequence[str], keys: Sequence[str], place: Place, condition: Condition
) -> list[Statement]:
    """Any use of keys.

    A key is an ARN, an ID, or an alias (``alias/NAME``), for which IAM has no ARN but a condition.
    """
    named = tuple(sorted({_arn(key, place) for key in keys if "alias/" not in key}))
    aliases = sorted({_alias(key) for key in keys if "alias/" in key})
    made = []
    if named:
        made.append(Statement(sid, tuple(actions), named, condition))
    if aliases:
        called = {**condition, "ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
        made.append(Statement(f"{sid}ByAlias", tuple(actions), (place.arn("kms", "key/*"),), called))
    return made


def _through(services: Sequence[str], keys: Sequence[str], place: Place) -> dict[str, list[str]]:
    """The services' names in the keys' regions: a key is in the region of what it encrypts."""
    regions = {arn.region for key in keys if "alias/" not in key and (arn := places.parsed(key))}
    here = [
        Place(place.partition, region, place.account, place.suffix) for region in {*regions, place.region}
    ]
    names = {name for one in here for service in services for name in one.endpoints(service)}
    return {"kms:ViaService": sorted(names)}


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
