"""What has to hold, and what did not: from the account of a run to sentences. Pure."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from chaos.answers import FAILED, HUNG, RESET, WRONG, Answer, Window, excused
from chaos.schedule import Kind

RECOVERY_SECONDS = 60.0  # from an injection, or from its end, until everything is as before
_SAMPLES = 3  # failures that are shown of each sort


@dataclasses.dataclass(frozen=True)
class Injection:
    """One that was done. ``gap``: seconds without a right answer; ``stalled``: of those the host stood still.

    ``slowed``: how many times as long as alone the host computed meanwhile. ``began``, ``ended``: of
    ``time.monotonic``, as the answers have it. ``recovery``: seconds until everything was as before; None: it
    was not, within RECOVERY_SECONDS.
    ``lacking``: what was not. ``slowest``: seconds of the slowest answer meanwhile. ``found``: whether the
    service noticed a process that was frozen for good. ``model_gap``: the longest gap of one model on a
    multi-model endpoint. ``notes``: what the injection itself saw that must not be. ``impossible``: why it
    could not be done here.
    """

    kind: Kind
    victims: tuple[str, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    gap: float = 0.0
    stalled: float = 0.0
    slowed: float = 1.0
    model_gap: float = 0.0
    slowest: float = 0.0
    recovery: float | None = 0.0
    lacking: str = ""
    found: bool = True
    notes: tuple[str, ...] = ()
    impossible: str = ""

    @property
    def own_gap(self) -> float:
        """The part of the gap that is the service's."""
        return max(0.0, self.gap - self.stalled)


@dataclasses.dataclass(frozen=True)
class Usage:
    """What the service holds at one moment; ``files`` by folder and by their names without numbers."""

    descriptors: int = 0
    rss: int = 0
    pss: int = 0
    processes: int = 0
    files: dict[str, int] = dataclasses.field(default_factory=dict)
    bytes: int = 0  # of all those files


@dataclasses.dataclass(frozen=True)
class Ending:
    """The stop under load: exit code, its seconds, and what was left. ``ended``: why it ended unasked."""

    exit_code: int = 0
    seconds: float = 0.0
    processes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    ended: str = ""


@dataclasses.dataclass(frozen=True)
class Allowed:
    """How much more the service may hold at the end than before the first injection."""

    descriptors: int = 64
    memory: int = 384 << 20
    disk: int = 8 << 20
    files: int = 2  # of one name: what is just being written or replaced


@dataclasses.dataclass(frozen=True)
class Account:
    """A whole run. ``fronts``: when connections may have been reset. ``doubled``: cores with two owners."""

    failures: Sequence[Answer]
    compared: int
    injections: Sequence[Injection]
    fronts: Sequence[Window]
    before: Usage
    after: Usage
    ending: Ending
    doubled: Sequence[str] = ()
    guarded: Sequence[str] = ()  # what the guard of the host's memory did, and parts of the tool that ended
    allowed: Allowed = Allowed()


def broken(account: Account) -> list[str]:
    """A sentence for each limit that does not hold; nothing when all do."""
    return [
        *_answers(account),
        *(line for injection in account.injections for line in of_injection(injection)),
        *grown(account.before, account.after, account.allowed),
        *_end(account.ending),
        *(f"core with two owners: {line}" for line in account.doubled),
        *account.guarded,
    ]


def _answers(account: Account) -> list[str]:
    lines = [] if account.compared else ["no answer was compared"]
    for kind, sentence in (
        (WRONG, "wrong answers"),
        (HUNG, "requests without an answer within the deadline and 1 s"),
        (FAILED, "failures that are not 503 with Retry-After"),
        (RESET, "connections reset while no front was being killed"),
    ):
        met = [one for one in account.failures if one.kind == kind and not excused(one, account.fronts)]
        if met:
            lines.append(f"{len(met)} {sentence}: {_sorts(met)}")
    return lines


def _sorts(met: Sequence[Answer]) -> str:
    """The most frequent notes, each with its count."""
    sorts = collections.Counter(f"{one.what}: {one.note}" for one in met).most_common(_SAMPLES)
    return "; ".join(f"{count} x {note}" for note, count in sorts)


def of_injection(one: Injection) -> list[str]:
    """What did not hold at one injection."""
    name = " ".join((one.kind.name, *one.victims))
    lines = [f"{name}: {note}" for note in one.notes]
    limit = one.kind.longest_gap
    if limit is not None and one.own_gap > limit:
        lines.append(
            f"{name}: {one.gap:.1f} s without a right answer, {one.stalled:.1f} s of them the host's, "
            f"which computed {one.slowed:.1f} times as long as alone ({limit:g} s are allowed)"
        )
    if not one.found:
        lines.append(f"{name}: frozen, and nobody noticed within {RECOVERY_SECONDS:g} s")
    if one.recovery is None:
        lines.append(f"{name}: not as before after {RECOVERY_SECONDS:g} s: {one.lacking}")
    return lines


def grown(before: Usage, after: Usage, allowed: Allowed) -> list[str]:
    """What the service holds at the end that it should have given up."""
    lines = []
    for what, was, is_, more in (
        ("descriptors", before.descriptors, after.descriptors, allowed.descriptors),
        ("bytes of memory (PSS)", before.pss, after.pss, allowed.memory),
        ("bytes in files", before.bytes, after.bytes, allowed.disk),
    ):
        if is_ > was + more:
            lines.append(f"{what} grew from {was:,} to {is_:,} ({more:,} more are allowed)")
    if after.processes > before.processes:
        lines.append(f"processes grew from {before.processes} to {after.processes}")
    for name, count in sorted(after.files.items()):
        if count > before.files.get(name, 0) + allowed.files:
            lines.append(f"left over: {count - before.files.get(name, 0)} more of {name}")
    return lines


def _end(ending: Ending) -> list[str]:
    if ending.ended:
        return [f"the service ended by itself: {ending.ended}"]
    lines = []
    if ending.exit_code != 0:
        lines.append(f"after SIGTERM it ended with {ending.exit_code}")
    lines += [f"left after the stop: process {line}" for line in ending.processes]
    return lines + [f"left after the stop: file {line}" for line in ending.files]
