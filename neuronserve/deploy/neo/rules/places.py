"""Where things are: the input and the output in S3, the role, the VPC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.policy.place import parsed, partition

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SOURCE = ("InputConfig", "S3Uri")
_OUTPUT = ("OutputConfig", "S3OutputLocation")


def findings(request: Mapping[str, Any], region: str | None) -> Iterator[Finding]:
    if "InputConfig" in request:
        yield from _bucket(request, *_SOURCE)
        uri = str(request["InputConfig"].get("S3Uri", ""))
        if not uri.endswith(".tar.gz"):
            yield _error(pointer(*_SOURCE), "not-tar-gz", "Neo takes one archive, whose name ends in .tar.gz",
                         "name the object, not a prefix")  # fmt: skip
    yield from _bucket(request, *_OUTPUT)
    arn = parsed(str(request.get("RoleArn", "")))
    if region is not None and arn is not None and arn.partition != partition(region):
        yield _error(pointer("RoleArn"), "other-partition", f"the role is not in the partition of {region}",
                     f"name a role of {partition(region)}")  # fmt: skip
    yield from _vpc(request.get("VpcConfig"))


def _bucket(request: Mapping[str, Any], home: str, member: str) -> Iterator[Finding]:
    uri = str(request[home].get(member, ""))
    scheme, _, rest = uri.partition("://")
    bucket = rest.partition("/")[0]
    if scheme != "s3" or not _BUCKET.fullmatch(bucket):
        yield _error(pointer(home, member), "not-s3", "it is no address in S3",
                     "such as s3://bucket/prefix/model.tar.gz")  # fmt: skip


def _vpc(found: Mapping[str, Any] | None) -> Iterator[Finding]:
    for member, begin in (("Subnets", "subnet-"), ("SecurityGroupIds", "sg-")):
        ids = (found or {}).get(member, [])
        for place, one in enumerate(ids):
            at = pointer("VpcConfig", member, place)
            if not str(one).startswith(begin):
                yield _error(at, "bad-id", "it is no such id", f"they begin with {begin}")
            elif one in ids[:place]:
                yield _error(at, "twice", "it is there twice", "remove one")


def _error(at: str, code: str, message: str, fix: str) -> Finding:
    return Finding(at, Severity.ERROR, code, message, fix)
