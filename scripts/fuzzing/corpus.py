"""Cases on the disk: a corpus that grows, and findings that can be replayed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

_LARGEST = 1 << 16  # bytes of a case that is kept in the corpus
_SECONDS = 15.0  # that making one finding small may take
_SHOWN = 300
_MOST = 5000  # cases of a corpus


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of one case. ``outcome``: a word for the table, such as ``400`` or ``exit 18``.

    ``signature``: what was said, without what is particular to this case: a new one is worth keeping.
    ``fault``: what must not be; "" where all is well.
    """

    outcome: str
    signature: str = ""
    fault: str = ""


@dataclasses.dataclass(frozen=True)
class Finding:
    """A fault, and the file that shows it again."""

    file: Path
    fault: str


class Corpus:
    """``folder/corpus`` has cases with signatures of their own, ``folder/findings`` those with a fault."""

    def __init__(self, folder: Path) -> None:
        self._cases = folder / "corpus"
        self._findings = folder / "findings"
        for made in (self._cases, self._findings):
            made.mkdir(parents=True, exist_ok=True)
        self._room = _MOST - sum(1 for _ in self._cases.iterdir())

    def read(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self._cases.glob("[!.]*"))[:_MOST] if path.is_file()]

    def keep(self, case: bytes) -> None:
        if len(case) <= _LARGEST and self._room > 0:
            self._room -= 1
            _write(self._cases / _name(case), case)

    def store(self, case: bytes, fault: str) -> Finding:
        """The case, and beside it what is wrong, as text."""
        file = self._findings / _name(case)
        _write(file, case)
        _write(file.with_suffix(".txt"), f"{fault}\n".encode(errors="backslashreplace"))
        return Finding(file, fault)


def kind_of(fault: str) -> str:
    """The same for faults that differ in numbers, names and places alone."""
    first = fault.strip().splitlines()[0] if fault.strip() else ""
    without_quotes = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", first)
    # a status or exit code is no such number
    return re.sub(r"0x[0-9a-f]+|(?<!^)(?<!exit )(?<!\d)\d+", "N", without_quotes)[:_SHOWN]


def minimised(case: bytes, still_fails: Callable[[bytes], bool]) -> bytes:
    """A smaller case with the same fault: halves, then ever smaller pieces, are left out while it holds.

    Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), within a time.
    """
    end, size = time.monotonic() + _SECONDS, max(1, len(case) // 2)
    while size and time.monotonic() < end and len(case) > 1:
        at, shrunk = 0, False
        while at < len(case) and time.monotonic() < end:
            shorter = case[:at] + case[at + size :]
            if shorter and still_fails(shorter):
                case, shrunk = shorter, True
            else:
                at += size
        size = min(size, len(case)) // 2 if not shrunk or size > len(case) // 2 else size
    return case


def _name(case: bytes) -> str:
    return hashlib.sha256(case).hexdigest()[:16]


def _write(file: Path, content: bytes) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}")  # several processes may find the same
    partial.write_bytes(content)
    partial.replace(file)
