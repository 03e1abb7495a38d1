"""The runtime API's errors, as botocore's model of sagemaker-runtime has them.

The texts are those that SageMaker itself sends, as far as they are known.
"""

from __future__ import annotations

import dataclasses
from typing import Any

ACCOUNT = "000000000000"


@dataclasses.dataclass
class Fault(Exception):
    """``code``: the exception's name; ``members``: what it has beside its message."""

    code: str
    status: int
    message: str
    members: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def document(self) -> dict[str, Any]:
        return {"Message": self.message, **self.members}


def invalid(message: str) -> Fault:
    return Fault("ValidationError", 400, message)


def too_large(limit: int) -> Fault:
    return invalid(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}"
    )


def not_ready(model: str) -> Fault:
    return Fault(
        "ModelNotReadyException",
        429,
        f"Model {model} is still being downloaded or loaded. Wait and try your request again.",
    )


def unavailable(message: str) -> Fault:
    return Fault("ServiceUnavailable", 503, message)


def internal(message: str) -> Fault:
    return Fault("InternalFailure", 500, message)


@dataclasses.dataclass(frozen=True)
class Teller:
    """Makes ModelErrors of one endpoint."""

    endpoint: str
    region: str
    longest: int

    def model_error(self, container: str, status: int, text: str) -> Fault:
        """``status`` 0: the container gave no answer at all; ``text`` says why."""
        side = "client" if 400 <= status < 500 else "server"
        text = text.encode()[: self.longest].decode(errors="ignore")
        group = f"/aws/sagemaker/Endpoints/{self.endpoint}"
        see = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return Fault(
            "ModelError",
            424,
            f'Received {side} error ({status}) from {container} with message "{text}". '
            f"See {see}#logEventViewer:group={group} in account {ACCOUNT} for more information.",
            {
                "OriginalStatusCode": status,
                "OriginalMessage": text,
                "LogStreamArn": f"arn:aws:logs:{self.region}:{ACCOUNT}:log-group:{group}",
            },
        )

    def timed_out(self, container: str) -> Fault:
        return self.model_error(
            container,
            0,
            f"Your invocation timed out while waiting for a response from container {container}. Review the "
            "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.",
        )

    def unanswered(self, container: str, why: str) -> Fault:
        return self.model_error(
            container, 0, f"Amazon SageMaker could not get a response from the {container} container: {why}"
        )
