"""A question to IAM."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.deploying.iam import may

ACCOUNT = "123456789012"  # moto's


@dataclasses.dataclass(frozen=True)
class Ask:
    """``keys``: the request's condition keys, as pairs."""

    action: str
    resource: str = "*"
    keys: tuple[tuple[str, str], ...] = ()

    def granted(self, policy: Mapping[str, Any]) -> bool:
        return may(policy, self.action, self.resource, **dict(self.keys))


Parameters = Mapping[str, Any]
Asked = Iterator[Ask]
Known = Callable[[str, Parameters, str], Asked]  # an action, its request, and the beginning of ARNs there


def passed(role: str, service: str) -> Ask:
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return Ask("iam:PassRole", arn, (("iam:PassedToService", service),))
