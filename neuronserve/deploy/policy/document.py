"""IAM documents: statements with words that say what for, and the sizes that IAM takes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.errors import InvalidInput

VERSION = "2012-10-17"
MANAGED_LIMIT = 6_144  # characters of a managed policy, white space not counted (IAM's quotas)
INLINE_LIMIT = 10_240  # of all inline policies of a role together
TRUST_LIMIT = 2_048  # of a role's trust policy
_SID = re.compile(r"[A-Za-z0-9]+")

Condition = Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Statement:
    """Something that is allowed. ``sid`` says what for, in letters and digits, as IAM wants it."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = dataclasses.field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        if not _SID.fullmatch(self.sid):
            raise ValueError(f"no Sid: {self.sid!r}")
        made: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _single(sorted(set(self.actions))),
            "Resource": _single(sorted(set(self.resources))),
        }
        if self.condition:
            made["Condition"] = {operator: dict(keys) for operator, keys in self.condition.items()}
        return made


def of(statements: Sequence[Statement]) -> dict[str, Any]:
    """The policy of some statements; those without a resource allow nothing and are left out."""
    return {"Version": VERSION, "Statement": [one.document() for one in statements if one.resources]}


def trust(service: str, condition: Condition | None = None) -> dict[str, Any]:
    """Who may take on a role: an AWS service."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return {"Version": VERSION, "Statement": [statement]}


def size(document: Mapping[str, Any]) -> int:
    """Characters as IAM counts them."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def fit(name: str, document: Mapping[str, Any]) -> str:
    """A remark on the size, empty when there is nothing to say. Raises InvalidInput for what IAM refuses."""
    characters = size(document)
    if characters > INLINE_LIMIT:
        raise InvalidInput(
            f"the {name} policy has {characters:,} characters; IAM takes {INLINE_LIMIT:,} inline and "
            f"{MANAGED_LIMIT:,} in a managed policy",
            hint="split it with --verbs"
            if name == "deployer"
            else "name fewer things, or a path that they share",
        )
    if characters > MANAGED_LIMIT:
        return (
            f"the {name} policy has {characters:,} characters: put it inline (up to {INLINE_LIMIT:,}); "
            f"a managed policy has {MANAGED_LIMIT:,} at most"
        )
    return ""


def literal(text: str) -> str:
    """A resource's name in an ARN pattern: IAM reads ``*``, ``?`` and ``${`` as patterns and variables."""
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)


def value(text: str) -> str:
    """The same for a value that a condition compares as it is."""
    return text.replace("$", "${$}")


def _single(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
