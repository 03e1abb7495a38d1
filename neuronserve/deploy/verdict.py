"""What follows from findings: errors refuse, the rest is told."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Collection, Sequence

from neuronserve.deploy.findings import Finding, Severity
from neuronserve.errors import InvalidInput

OPTION = "--accept-finding"

_MOST = 8  # errors that one message names


def argument(group: argparse._ActionsContainer) -> None:
    """The option by which a finding is accepted."""
    group.add_argument(
        OPTION, action="append", default=[], metavar="CODE",
        help="send it although a check, named in brackets, refuses it (repeat)",
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Judged:
    """A finding and the document it is of: an operation, or a file's name."""

    document: str
    finding: Finding

    @property
    def line(self) -> str:
        return self.finding.line(self.document)


def remarks(found: Sequence[Judged], accepted: Collection[str] = ()) -> list[str]:
    """Lines for a person. Raises InvalidInput when there is an error whose code is not ``accepted``.

    AWS's rules change: what a rule here refuses and AWS takes can be accepted by its code.
    """
    unknown = set(accepted) - {one.finding.code for one in found}
    if unknown:
        raise InvalidInput(
            f"{OPTION} {', '.join(sorted(unknown))}: nothing of that code was found",
            hint="leave it out: the code stands in brackets at the end of a finding",
        )
    errors = [
        one for one in found if one.finding.severity is Severity.ERROR and one.finding.code not in accepted
    ]
    if errors:
        lines = [one.line for one in errors[:_MOST]]
        more = f"; and {len(errors) - _MOST} more" if len(errors) > _MOST else ""
        raise InvalidInput(
            "; ".join(lines) + more, hint=f"{OPTION} CODE, where AWS takes what is refused here"
        )
    return [one.line for one in found]
