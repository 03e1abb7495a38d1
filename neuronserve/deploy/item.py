"""What one check found out about one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from neuronserve.deploy.aws import code_of, explained
from neuronserve.errors import AwsRefused, InvalidInput


class Verdict(StrEnum):
    OK = "OK"
    NG = "NG"  # it is not as it has to be
    SKIP = "SKIP"  # it was not looked at, or could not be


@dataclasses.dataclass(frozen=True)
class Item:
    """``check``: the name for --only and --skip. ``subject``: what was looked at; ``seen``: what it is like.

    ``fix``: what to do, in one sentence. ``details``: lines for those who want to know more.
    """

    check: str
    subject: str
    verdict: Verdict
    seen: str
    fix: str = ""
    details: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person."""
        fix = f" ({self.fix})" if self.fix else ""
        return [
            f"{self.verdict:<4} {self.check}: {self.subject}: {self.seen}{fix}",
            *(f"     {line}" for line in self.details),
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "subject": self.subject,
            "verdict": str(self.verdict),
            "seen": self.seen,
            "fix": self.fix,
            "details": list(self.details),
        }


_NOBODY = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
        "SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken", "RequestExpired",
    }
)  # fmt: skip


def guarded(check: str, subject: str, look: Callable[[], Item]) -> Item:
    """What ``look`` finds; SKIP with AWS's reason where it may not look, or AWS fails.

    Credentials that AWS does not know at all are an error of the whole run, not of this item.
    """
    try:
        return look()
    except InvalidInput as error:
        return Item(check, subject, Verdict.NG, error.message, error.hint)
    except ParamValidationError as error:  # such as a name of no characters
        known = explained(error)
        return Item(check, subject, Verdict.NG, known.message if known else str(error))
    except ClientError as error:
        known = explained(error)
        if known is None or code_of(error) in _NOBODY:
            raise
        hint = known.hint if isinstance(known, AwsRefused) else ""
        return Item(check, subject, Verdict.SKIP, known.message, hint)
    except ResponseParserError:  # a proxy's page, or an AWS of a test that lacks the call
        return Item(check, subject, Verdict.SKIP, "the answer is none of AWS's")
