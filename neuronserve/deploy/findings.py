"""What is wrong with a document: where, how bad, and what to do."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"  # AWS refuses it, or it cannot work
    WARNING = "warning"  # it works, and not as one would want
    NOTE = "note"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One fault. ``pointer``: a JSON pointer (RFC 6901), empty for the whole document.

    ``code``: a word for machines, such as ``memory-not-placeable``; ``fix``: what to do, in one sentence.
    """

    pointer: str
    severity: Severity
    code: str
    message: str
    fix: str = ""

    def line(self, document: str) -> str:
        """For a person: ``file.json#/cpu: error: ... (fix)``."""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{document}#{self.pointer}: {self.severity}: {self.message}{fix} [{self.code}]"

    def as_dict(self) -> dict[str, Any]:
        return {key: str(value) for key, value in dataclasses.asdict(self).items()}


def pointer(*steps: str | int) -> str:
    """A JSON pointer to a place: ``pointer("containerDefinitions", 0, "image")``."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
