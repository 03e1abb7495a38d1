"""One region for image, model, test data and package; one that is enabled from the start."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case

NAME = "region"
# "Regions launched before March 20, 2019 are enabled by default" (AWS Account Management), and Osaka; all of
# them have SageMaker
DEFAULT = frozenset(
    {
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-central-1",
        "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1", "ap-northeast-1",
        "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
    }
)  # fmt: skip


def check(case: Case) -> Iterator[Item]:
    region = case.aws.region_if_known
    if region is None:
        yield Item(NAME, "region", Verdict.SKIP, "none is set", "add --region")
    elif region in DEFAULT:
        yield Item(NAME, region, Verdict.OK, "has SageMaker, and is enabled in every account")
    else:
        yield Item(
            NAME, region, Verdict.NG, "is not enabled in every account from the start",
            f"publish from one that is, such as {', '.join(sorted(DEFAULT)[-4:])}",
        )  # fmt: skip
    listing = case.listing
    for uri in dict.fromkeys((listing.model_uri, listing.tests_uri, listing.output_uri)):
        if uri and region:
            yield guarded(NAME, uri, functools.partial(_bucket, case, uri, region))


def _bucket(case: Case, uri: str, region: str) -> Item:
    bucket = urlsplit(uri).netloc
    try:
        # none is us-east-1, and EU an old name of eu-west-1
        found: Any = case.aws.s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return Item(NAME, uri, Verdict.NG, f"there is no bucket {bucket}", "make it, or mend the address")
        raise
    found_region = {None: "us-east-1", "EU": "eu-west-1"}.get(found, found)
    if found_region != region:
        return Item(
            NAME, uri, Verdict.NG, f"is in {found_region}, and the package would be in {region}",
            "copy it to a bucket in that region",
        )  # fmt: skip
    return Item(NAME, uri, Verdict.OK, f"is in {region}")
