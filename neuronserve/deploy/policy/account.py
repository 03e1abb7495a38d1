"""Which AWS account: as told, as ARNs say, or as STS knows."""

from __future__ import annotations

from collections.abc import Sequence

from neuronserve.deploy import aws as aws_errors
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.policy import place as places
from neuronserve.errors import DeployError, InvalidInput


def number(given: str | None, hints: Sequence[str], desk: Desk) -> str:
    """The account's twelve digits. ``hints``: texts that may be ARNs in it, likeliest first.

    Raises InvalidInput when nothing tells it.
    """
    if given is not None:
        return given
    for text in hints:
        arn = places.parsed(text)
        if arn and arn.account.isdigit():
            return arn.account
    try:
        return desk.aws.sts.get_caller_identity()["Account"]
    except Exception as error:
        known = error if isinstance(error, DeployError) else aws_errors.explained(error)
        if known is None:
            raise
        raise InvalidInput(
            f"the AWS account is not known: {known.message}", hint="give it with --account, 12 digits"
        ) from error
