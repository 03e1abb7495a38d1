"""A role by its name or its ARN."""

from __future__ import annotations

import re

from neuronserve.deploy.aws import Aws
from neuronserve.errors import InvalidInput

_NAME = re.compile(r"/?(?:[^\s/]+/)*([\w+=,.@-]{1,64})", re.ASCII)


def arn(aws: Aws, text: str) -> str:
    """The ARN; a name, with or without its path, is looked up (iam:GetRole). Raises InvalidInput."""
    if text.startswith("arn:"):
        return text
    found = _NAME.fullmatch(text.removeprefix("role/"))
    if not found:
        raise InvalidInput(f"--role {text[:80]!r}: expected the name or the ARN of a role")
    return aws.iam.get_role(RoleName=found[1])["Role"]["Arn"]
