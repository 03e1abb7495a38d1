"""What to do about the reasons that SageMaker gives for a failure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_HINTS: Final[Mapping[str, str]] = {
    r"ping health check": "the container did not answer /ping with 200 in time: its log says why; a model "
    "that loads long needs --startup-timeout",
    r"InsufficientInstanceCapacity|Unable to provision|capacity": "AWS has no such instances free now: try "
    "again later, another type, or another region",
    r"ResourceLimitExceeded|service limit|quota": "ask AWS for a higher quota of this type for endpoints",
    r"model data|ModelData|download": "look at the archive, and at the execution role's right to read it "
    "(s3:GetObject, s3:ListBucket, kms:Decrypt)",
    r"[Ii]mage|ECR|repository": "look at the image's name, and at the execution role's right to pull it",
    r"[Aa]larm": "an alarm went off: look at the metric behind it",
    r"assume|[Rr]ole": "the role has to trust sagemaker.amazonaws.com",
    r"subnet|security group|ENI|network interface": "look at the VPC: free addresses, endpoints for S3 and "
    "ECR",
    r"exited|CannotStartContainer": "the container ended while it started: its log says why",
}


def hint(reason: str) -> str:
    """Empty where nothing is known."""
    return next((text for pattern, text in _HINTS.items() if re.search(pattern, reason)), "")
