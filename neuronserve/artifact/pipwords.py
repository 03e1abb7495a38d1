"""What pip says: secrets taken out, what it is doing, and why it failed, in one line.

Its sentences are those of pip's ``resolution/resolvelib/factory.py`` and ``_internal/exceptions.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from neuronserve.errors import RequirementsFailed

_CREDENTIALS = re.compile(r"(\w://)[^/\s@]+@")
_DOING = re.compile(r"\s*(Collecting|Downloading|Processing|Building wheel|Installing collected)\b.*")
_LONGEST = 300

_FILE = "code/requirements.txt"
_ABOVE = "the log has pip's own lines"
_NO_CONNECTION = (
    "NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|Max retries|Failed to establish|"
    "Network is unreachable|Temporary failure in name"
)
_WHEELS = (
    "bring the wheels along in code/wheels: pip download --only-binary :all: --python-version 3.11 "
    "-r requirements.txt -d wheels"
)


def masked(line: str) -> str:
    """Without the credentials that an index's address may hold."""
    return _CREDENTIALS.sub(r"\1****@", line)


def doing(line: str) -> str:
    """What it is busy with, for a person; "" where the line does not say."""
    return line.strip()[:80] if _DOING.match(line) else ""


def failure(said: Sequence[str], *, offline: bool) -> RequirementsFailed:
    """The error for a run that failed. ``said``: its lines; ``offline``: only the archive's wheels."""
    for kind in _KINDS:
        found = kind(said, offline)
        if found is not None:
            return found
    told = [line.partition("ERROR: ")[2] for line in said if line.lstrip().startswith("ERROR: ")]
    why = told[-1] if told else (said[-1].strip() if said else "pip said nothing")
    return RequirementsFailed(f"{_FILE} could not be installed: {why[:_LONGEST]}", hint=_ABOVE)


def _match(said: Sequence[str], pattern: str) -> re.Match[str] | None:
    return next((found for line in said if (found := re.search(pattern, line))), None)


def _conflict(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    """``Cannot install a and b because ...``, then what each of them asked for."""
    found = _match(said, r"Cannot install (.+) because these package versions have conflicting")
    if not found:
        return None
    causes = []
    begun = False
    for line in said:
        if begun and not line.strip():
            break
        if begun:
            causes.append(line.strip())
        begun = begun or "The conflict is caused by" in line
    ours = next((c for c in causes if "(constraint)" in c), "")
    if ours:
        held = ours.partition("(constraint) ")[2]
        others = "; ".join(c for c in causes if c != ours)
        return RequirementsFailed(
            f"{_FILE} conflicts with {held}, which the service itself uses: {others}"[:_LONGEST],
            hint="a worker holds one version of it: leave it open in requirements.txt",
        )
    return RequirementsFailed(f"{_FILE} conflicts with itself: {'; '.join(causes) or found[1]}"[:_LONGEST])


def _unreachable(said: Sequence[str], offline: bool) -> RequirementsFailed | None:
    if offline or not _match(said, _NO_CONNECTION):
        return None
    missing = _missing(said)
    what = f"{missing} could not be downloaded" if missing else f"{_FILE} could not be installed"
    return RequirementsFailed(
        f"{what}: the package index cannot be reached (network isolation lets nothing through)", hint=_WHEELS
    )


def _refused(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    found = _match(said, r"\b(401|403) (?:Client )?Error\b")
    if not found:
        return None
    return RequirementsFailed(
        f"{_FILE} could not be installed: the package index refused access ({found[1]})",
        hint="check the credentials in PIP_INDEX_URL",
    )


def _unmatched(said: Sequence[str], offline: bool) -> RequirementsFailed | None:
    found = _match(said, r"satisfies the requirement (.+?) \(from versions: (.*)\)")
    if not found:
        return None
    have = "" if found[2] == "none" else f" (there are: {found[2]})"
    if offline:
        what = f"no wheel in the archive satisfies {found[1]}{have}"
        return RequirementsFailed(what[:_LONGEST], hint=_WHEELS)
    return RequirementsFailed(
        f"{_FILE}: no version of it satisfies {found[1]}{have}"[:_LONGEST],
        hint="correct the name or version; it must also be made for Python 3.11 and this processor",
    )


def _unbuilt(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    if not _match(said, r"(subprocess-exited-with-error|metadata-generation-failed|Failed to build)"):
        return None
    found = _match(said, r"(?:Failed (?:to build|building wheel for)) '?([\w.\[\]-]+)'?")
    name = found[1] if found else _collected(said)
    return RequirementsFailed(
        f"{_FILE}: {name} comes as source and could not be built (the image has no compiler)", hint=_WHEELS
    )


def _invalid(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    found = _match(said, r"Invalid requirement: (.+)")
    if not found:
        return None
    line = _match(said, r"\(from line (\d+) of ")
    where = f"{_FILE}, line {line[1]}" if line else _FILE
    what = f"{where}: {found[1][:120]} is no requirement"
    return RequirementsFailed(what, hint="write NAME or NAME==VERSION")


def _full(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    if not _match(said, r"No space left on device"):
        return None
    return RequirementsFailed(
        f"{_FILE} could not be installed: the disk is full", hint="give SERVE_CACHE_DIR and TMPDIR more room"
    )


def _cloned(said: Sequence[str], _offline: bool) -> RequirementsFailed | None:
    """``git+https://...`` and its like."""
    found = _match(said, r"Cannot find command '(\w+)'")
    if not found:
        return None
    return RequirementsFailed(
        f"{_FILE}: {_collected(said)} comes from a repository, and the image has no {found[1]}",
        hint="build a wheel of it, and bring it along in code/wheels",
    )


def _missing(said: Sequence[str]) -> str:
    found = _match(said, r"No matching distribution found for (.+?)(?: \(from|$)")
    return found[1] if found else ""


def _collected(said: Sequence[str]) -> str:
    names = [found[1] for line in said if (found := re.match(r"\s*Collecting (\S+)", line))]
    return names[-1] if names else "a package"


_KINDS: tuple[Callable[[Sequence[str], bool], RequirementsFailed | None], ...] = (
    _full, _invalid, _cloned, _unreachable, _refused, _conflict, _unmatched, _unbuilt,
)  # fmt: skip
