"""The buckets of a job: the model's archive put there once, and what lies there asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo.packing import Packed
from neuronserve.deploy.s3 import Place
from neuronserve.errors import InvalidInput, NoSuchResource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARK = "tar-sha256"  # metadata of an archive that was put there by us
_UNSEEN = frozenset({"403", "404", "AccessDenied", "NoSuchKey", "NotFound"})


def put_request(place: Place, packed: Packed) -> dict[str, Any]:
    """What is sent, apart from the bytes."""
    return {
        "Bucket": place.bucket,
        "Key": place.key,
        "ContentLength": packed.size,
        "ContentType": "application/gzip",
        "Metadata": {MARK: packed.digest},
    }


def upload(desk: Desk, place: Place, packed: Packed) -> None:
    """Put the archive there, unless it is there already. Raises what botocore raises."""
    found = head(desk.aws, place)
    if found is not None and found.get("Metadata", {}).get(MARK) == packed.digest:
        desk.say(f"{place} is there already")
        return
    desk.say(f"uploading {_mib(packed.size)} to {place}")
    request = put_request(place, packed)
    extra = {key: request[key] for key in ("ContentType", "Metadata")}
    with packed.path.open("rb") as file:
        desk.aws.s3.upload_fileobj(file, place.bucket, place.key, ExtraArgs=extra)


def download(desk: Desk, place: Place, target: Path) -> None:
    """Fetch an archive. Raises NoSuchResource, or what botocore raises."""
    desk.say(f"fetching {place}, to look into the model")
    try:
        with target.open("wb") as file:
            desk.aws.s3.download_fileobj(place.bucket, place.key, file)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NoSuchBucket"):
            raise NoSuchResource(f"{place}: no such object") from error
        raise


def head(aws: Aws, place: Place) -> Any:
    """What S3 says of an object; None where it is not, or may not be seen."""
    try:
        return aws.s3.head_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        if code_of(error) in _UNSEEN:
            return None
        raise


def refuse_other_regions(desk: Desk, buckets: set[str]) -> None:
    """Neo takes only buckets of its own region. Raises InvalidInput; what may not be seen passes."""
    here = desk.aws.region
    for bucket in sorted(buckets):
        region = _region(desk.aws.s3, bucket)
        if region == "":
            raise NoSuchResource(f"no bucket {bucket}", hint="create it, or name another")
        if region is not None and region != here:
            raise InvalidInput(
                f"the bucket {bucket} is in {region}, and the job would run in {here}: Neo takes no other"
                " region's",
                hint=f"use a bucket of {here}, or --region {region}",
            )


def _region(s3: S3Client, bucket: str) -> str | None:
    """Its region; "" where there is no such bucket, None where that may not be seen."""
    try:
        answer: Any = s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        code = code_of(error)
        if code in ("404", "NoSuchBucket"):
            return ""
        if code in ("403", "AccessDenied", "301", "400"):
            headers: Any = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            found = headers.get("x-amz-bucket-region")
            return str(found) if found else None
        raise
    headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
    found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return str(found) if found else None


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{size:,} bytes"
